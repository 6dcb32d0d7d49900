/**
 * Calls `work` at most once at a time and at most once per `pause` milliseconds. Requests that come
 * in between become one more call at the end: a burst of events costs two requests, and the last
 * event is never lost.
 */
export class Coalescer {
  constructor(
    private readonly work: () => Promise<unknown>,
    private readonly pause: number
  ) {}

  /** Ask for a call, now or as soon as the pause allows. */
  request(): void {
    this.wanted = true;
    if (!this.running && this.timer === null && !this.stopped) {
      void this.run();
    }
  }

  /** Make no more calls. */
  stop(): void {
    this.stopped = true;
    if (this.timer !== null) {
      clearTimeout(this.timer);
      this.timer = null;
    }
  }

  private async run(): Promise<void> {
    this.running = true;
    this.wanted = false;
    try {
      await this.work();
    } finally {
      this.running = false;
    }
    if (this.stopped) {
      return;
    }
    this.timer = setTimeout(() => {
      this.timer = null;
      if (this.wanted) {
        void this.run();
      }
    }, this.pause);
  }

  private wanted = false;
  private running = false;
  private stopped = false;
  private timer: ReturnType<typeof setTimeout> | null = null;
}
