/**
 * Calls `work` at most once at a time and at most once per `pause` milliseconds, and spends at most a
 * quarter of the time on it: what takes long is asked for less often. Requests that come
 * in between become one more call at the end, so a burst of events costs two requests and the last
 * event is never lost.
 *
 * An event itself can be lost on its way (datagrams are hints). So `echo` milliseconds after the last
 * request of a burst there is one more call, and only one: quiet stays quiet.
 */
export class Coalescer {
  constructor(
    private readonly work: () => Promise<unknown>,
    private readonly pause: number,
    private readonly echo = 0
  ) {}

  /** Ask for a call, now or as soon as the pause allows. */
  request(): void {
    if (this.echo > 0 && !this.stopped) {
      clearTimeout(this.echoTimer);
      this.echoTimer = setTimeout(() => this.want(), this.echo);
    }
    this.want();
  }

  /** Make no more calls. */
  stop(): void {
    this.stopped = true;
    clearTimeout(this.pauseTimer);
    clearTimeout(this.echoTimer);
  }

  private want(): void {
    this.wanted = true;
    if (!this.busy && !this.stopped) {
      void this.run();
    }
  }

  private async run(): Promise<void> {
    this.busy = true;
    this.wanted = false;
    const began = Date.now();
    try {
      await this.work();
    } catch (error) {
      console.error(error);
    } finally {
      if (!this.stopped) {
        this.pauseTimer = setTimeout(
          () => {
            this.busy = false;
            if (this.wanted) {
              void this.run();
            }
          },
          Math.max(this.pause, Math.min(3 * (Date.now() - began), LONGEST))
        );
      }
    }
  }

  private wanted = false;
  /** Working, or pausing after work. */
  private busy = false;
  private stopped = false;
  private pauseTimer: ReturnType<typeof setTimeout> | undefined;
  private echoTimer: ReturnType<typeof setTimeout> | undefined;
}

/** However slow the work is, what changed shows after this long. */
const LONGEST = 5000;

/** How long after the last event of a burst state is read once more. */
export const ECHO = 2500;
