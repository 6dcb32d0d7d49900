// The time a person spent on an item: only while the page is looked at.

export class Clock {
  constructor() {
    this.spent = 0;
    this.since = performance.now();
    this.turned = () => {
      if (document.hidden) {
        this.spent += performance.now() - this.since;
        this.since = Infinity;
      } else this.since = performance.now();
    };
    document.addEventListener("visibilitychange", this.turned);
  }

  start() {
    this.spent = 0;
    this.since = performance.now();
  }

  /** Seconds since `start`. */
  get seconds() {
    const running = Number.isFinite(this.since) ? performance.now() - this.since : 0;
    return Math.round(this.spent + running) / 1000;
  }

  close() {
    document.removeEventListener("visibilitychange", this.turned);
  }
}
