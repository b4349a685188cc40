// Waiting on conditions. A test never sleeps for a time and hopes: it names what it waits for, and a
// time-out says what was seen last.

/** Slow machines may multiply every time-out: PARLEY_E2E_PATIENCE=3. */
export const patience = Number(process.env.PARLEY_E2E_PATIENCE ?? 1);

/** The usual time-out. Generous: it only decides how long a failure takes. */
export const usual = 30_000 * patience;

export const tick = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Polls `probe` until it returns something truthy and returns that.
 * @param {string} what in words, for the error
 * @param {() => any} probe may be async; an exception counts as "not yet" and is quoted at the end
 */
export async function until(what, probe, { timeout = usual, every = 50 } = {}) {
  const start = Date.now();
  let last;
  for (;;) {
    try {
      last = await probe();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    if (Date.now() - start > timeout) {
      const seen = last instanceof Error ? last.message : JSON.stringify(last);
      throw new Error(`waited ${timeout} ms for ${what}; last seen: ${seen}`);
    }
    await tick(every);
  }
}

/** Rejects when `promise` has not settled within `timeout`. */
export async function within(what, promise, timeout = usual) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${timeout} ms for ${what}`)), timeout);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
