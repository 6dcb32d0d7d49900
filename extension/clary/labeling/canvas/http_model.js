// A model over HTTP, for hosts without a kernel: the JupyterLab tab and the portal.

/** How often one question may be on its way at once. */
const MOST_SENDINGS = 3;

/**
 * @param {object} options
 * @param {(body: {method: string, params: any}, signal?: AbortSignal) => Promise<{result?: any, error?: any}>} options.post
 *   rejects when the server cannot be reached
 * @param {(object: number, size?: number) => Promise<Blob>} options.image
 * @param {Record<string, any>} [options.state]  what `get` gives ("theme")
 */
export function httpModel({ post, image, state = {} }) {
  /** @type {Map<string, Set<Function>>} */
  const listeners = new Map();
  const emit = (/** @type {string} */ event, /** @type {any[]} */ ...what) => {
    for (const listener of listeners.get(event) || []) listener(...what);
  };
  /** @type {Map<string, Set<AbortController>>} sendings of a question that are on their way, oldest first */
  const sent = new Map();
  const answer = async (/** @type {any} */ { id, method, params }) => {
    const all = sent.get(id) || new Set();
    const own = new AbortController();
    // A browser keeps few connections to a server: what hangs must not take all of them.
    if (all.size >= MOST_SENDINGS) [...all][0].abort();
    sent.set(id, all.add(own));
    try {
      if (method === "image") {
        const found = await image(params.object, params.size);
        emit("msg:custom", { id, result: { type: found.type } }, [found]);
        return;
      }
      const found = await post({ method, params }, own.signal);
      if (own.signal.aborted) return;
      emit("msg:custom", { id, ...found }, []);
      // It is answered: an earlier sending that arrives later would undo what came after it.
      if (!found.error?.retry) for (const other of all) if (other !== own) other.abort();
    } catch (error) {
      if (own.signal.aborted) return;
      const {
        code = "Unreachable",
        message = "The server does not answer.",
        retry = true
      } = /** @type {any} */ (error) || {};
      emit(
        "msg:custom",
        {
          id,
          error:
            typeof code === "string"
              ? { code, message, retry }
              : { code: "Unreachable", message, retry: true }
        },
        []
      );
    } finally {
      all.delete(own);
      if (!all.size) sent.delete(id);
    }
  };
  return {
    /** @param {any} content */
    send: (content) => void answer(content),
    /** @param {string} event @param {Function} listener */
    on: (event, listener) =>
      void (listeners.get(event) || listeners.set(event, new Set()).get(event))?.add(listener),
    /** @param {string} event @param {Function} listener */
    off: (event, listener) => void listeners.get(event)?.delete(listener),
    /** @param {string} name */
    get: (name) => state[name],
    /** @param {string} name @param {any} value */
    set: (name, value) => {
      state[name] = value;
      emit(`change:${name}`);
    },
    save_changes: () => {}
  };
}

/**
 * `post` and `image` of a job under an address, as Clary's servers offer them.
 * @param {string} address  ".../labeling-jobs/NAME", without a slash at its end
 * @param {{headers?: Record<string, string>, query?: string, fetch?: typeof fetch, denied?: (message: string) =>
 *   void}} [options]
 */
export function overHttp(address, { headers = {}, query = "", fetch: get = fetch, denied } = {}) {
  const suffix = query ? `?${query}` : "";
  /** @param {string} url @param {RequestInit} init */
  const request = async (url, init) => {
    const response = await get.call(globalThis, url, {
      cache: "no-store",
      credentials: "same-origin",
      ...init
    });
    if (response.status === 502 || response.status === 503 || response.status === 504) throw undefined;
    return response;
  };
  /** @param {Response} response */
  const problem = async (response) => {
    const body = await response.json().catch(() => ({}));
    const message =
      body.error?.message || body.message || body.Message || `The server answered ${response.status}.`;
    if (response.status === 401 || response.status === 403) denied?.(message);
    return { code: "BadRequest", retry: response.status >= 500, ...body.error, message };
  };
  return {
    /** @param {{method: string, params: any}} body @param {AbortSignal} [signal] */
    async post(body, signal) {
      const response = await request(`${address}/canvas${suffix}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...headers },
        body: JSON.stringify(body),
        signal
      });
      return response.ok ? response.json() : { error: await problem(response) };
    },
    /** @param {number} object @param {number} [size] */
    async image(object, size) {
      const more = new URLSearchParams(query);
      if (size) more.set("size", String(size));
      const response = await request(`${address}/objects/${object}/image${String(more) && `?${more}`}`, {
        headers
      });
      if (!response.ok) throw await problem(response);
      return response.blob();
    }
  };
}
