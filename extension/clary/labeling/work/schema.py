"""The tables of a labeling job's database.

`events` is the truth about what people did, and only ever grows. `marks`, `deeds`, `annotators`, `counters` and the derived
columns of `objects` follow from it, and are kept so that nobody has to replay it; `replay` checks that they do. Leases (in
`marks`) are not part of the truth: they may be lost without harm.
"""

VERSION = 1

SCHEMA = """
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

    -- Lines of the input manifest as they were; apart from `objects`, which is walked often.
    CREATE TABLE lines (id INTEGER PRIMARY KEY, line TEXT NOT NULL, shown TEXT NOT NULL DEFAULT '');

    -- role: 0 item, 1 gold. state: index into rows.STATES. position: place in the queue. want: answers that are wanted;
    -- votes: answers that are there; held: places that live leases take. review: why it is in the review queue (bits of
    -- review.py), 0 when it is not. decided: the event of the owner's decision.
    CREATE TABLE objects (
        id INTEGER PRIMARY KEY, role INTEGER NOT NULL DEFAULT 0, state INTEGER NOT NULL DEFAULT 0,
        batch INTEGER NOT NULL DEFAULT 0, position INTEGER NOT NULL DEFAULT 0,
        width INTEGER NOT NULL DEFAULT 0, height INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '',
        want INTEGER NOT NULL DEFAULT 1, votes INTEGER NOT NULL DEFAULT 0, held INTEGER NOT NULL DEFAULT 0,
        flags INTEGER NOT NULL DEFAULT 0, agreement REAL, review INTEGER NOT NULL DEFAULT 0, decided INTEGER
    );
    CREATE INDEX objects_queue ON objects (position) WHERE role = 0 AND state = 1 AND want > votes + held;
    CREATE INDEX objects_full ON objects (id) WHERE role = 0 AND state = 1 AND want <= votes + held;
    CREATE INDEX objects_held ON objects (id) WHERE role = 0 AND held > 0;
    CREATE INDEX objects_gold ON objects (position) WHERE role = 1;
    CREATE INDEX objects_review ON objects (id) WHERE review > 0;
    CREATE INDEX objects_state ON objects (state, id);
    CREATE INDEX objects_batch ON objects (batch, id);

    -- What is known of an object beforehand. kind: prelabel (what is verified, adjusted or suggested by the input), gold (the
    -- right answer), earlier (a label from before this job), model (the model's guess), hint (a suggestion of the input without
    -- what names labels that the job does not have: shown, never taken over by the machine).
    CREATE TABLE known (
        object INTEGER NOT NULL, kind TEXT NOT NULL, answer TEXT NOT NULL, confidence REAL, origin TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (object, kind)
    ) WITHOUT ROWID;

    -- What the machine has labelled.
    CREATE TABLE machine (object INTEGER PRIMARY KEY, answer TEXT NOT NULL, confidence REAL NOT NULL);

    CREATE TABLE batches (
        id INTEGER PRIMARY KEY, purpose TEXT NOT NULL, size INTEGER NOT NULL, opened REAL NOT NULL, closed REAL,
        facts TEXT NOT NULL DEFAULT '{}'
    );

    CREATE TABLE events (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, time REAL NOT NULL, worker TEXT NOT NULL, action TEXT NOT NULL,
        object INTEGER NOT NULL, body TEXT NOT NULL, nonce TEXT NOT NULL, seconds REAL NOT NULL DEFAULT 0,
        taken REAL NOT NULL DEFAULT 0
    );
    CREATE UNIQUE INDEX events_nonce ON events (worker, nonce);
    CREATE INDEX events_object ON events (object, seq);

    -- One person and one object. until, live, taken, turn: the lease (until 0: none; live 0: it ran out). seq: the event that
    -- holds now, an answer or a skip (answer is NULL then). skipped: 1 once, 2 for good.
    CREATE TABLE marks (
        object INTEGER NOT NULL, worker TEXT NOT NULL,
        until REAL NOT NULL DEFAULT 0, live INTEGER NOT NULL DEFAULT 0, taken REAL NOT NULL DEFAULT 0,
        turn INTEGER NOT NULL DEFAULT 0,
        seq INTEGER, answer TEXT, answered REAL NOT NULL DEFAULT 0, seconds REAL NOT NULL DEFAULT 0,
        accepted REAL NOT NULL DEFAULT 0,
        skipped INTEGER NOT NULL DEFAULT 0, flagged INTEGER NOT NULL DEFAULT 0, comment TEXT, draft TEXT,
        PRIMARY KEY (object, worker)
    ) WITHOUT ROWID;
    CREATE INDEX marks_leases ON marks (worker, turn) WHERE until > 0;
    CREATE INDEX marks_live ON marks (until) WHERE live = 1;
    CREATE INDEX marks_history ON marks (worker, seq) WHERE seq IS NOT NULL;
    CREATE INDEX marks_skipped ON marks (worker, object) WHERE skipped = 1;

    -- Events that can be undone. part: what was done in one go is undone in one go. state: 1 done, 2 undone, 0 undone for good.
    CREATE TABLE deeds (
        seq INTEGER PRIMARY KEY, worker TEXT NOT NULL, object INTEGER NOT NULL, action TEXT NOT NULL, part INTEGER NOT NULL,
        state INTEGER NOT NULL DEFAULT 1
    );
    CREATE INDEX deeds_done ON deeds (worker, seq) WHERE state = 1;
    CREATE INDEX deeds_undone ON deeds (worker, seq) WHERE state = 2;
    CREATE INDEX deeds_object ON deeds (object, seq);

    -- cursor, gold: how far in the queue a person has been served. settled: open objects that this person is done with.
    CREATE TABLE annotators (
        worker TEXT PRIMARY KEY, cursor INTEGER NOT NULL DEFAULT 0, gold INTEGER NOT NULL DEFAULT 0,
        served INTEGER NOT NULL DEFAULT 0, done INTEGER NOT NULL DEFAULT 0, skipped INTEGER NOT NULL DEFAULT 0,
        flagged INTEGER NOT NULL DEFAULT 0, settled INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID;
"""
