"""The tables, and how an older file becomes a newer one.

Each migration is the SQL that leads from one version to the next; `user_version` in the file says which have run.
"""

MIGRATIONS = (
    """
    CREATE TABLE documents (
        kind TEXT NOT NULL, name TEXT NOT NULL, arn TEXT NOT NULL, status TEXT NOT NULL,
        created REAL NOT NULL, modified REAL NOT NULL, body TEXT NOT NULL,
        PRIMARY KEY (kind, name)
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX documents_arn ON documents (arn) WHERE arn != '';
    CREATE INDEX documents_created ON documents (kind, created, name);
    CREATE INDEX documents_modified ON documents (kind, modified, name);
    CREATE INDEX documents_status ON documents (kind, status, created, name);

    CREATE TABLE tags (arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (arn, key)) WITHOUT ROWID;

    CREATE TABLE jobs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL, name TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'queued',
        status TEXT NOT NULL DEFAULT 'InProgress', secondary TEXT NOT NULL DEFAULT 'Starting',
        spec TEXT NOT NULL,
        attempt INTEGER NOT NULL DEFAULT 0, max_attempts INTEGER NOT NULL DEFAULT 1,
        cpus REAL NOT NULL DEFAULT 0, memory_mb INTEGER NOT NULL DEFAULT 0, gpus INTEGER NOT NULL DEFAULT 0,
        gpu_list TEXT NOT NULL DEFAULT '[]',
        created REAL NOT NULL, not_before REAL NOT NULL DEFAULT 0, started REAL, ended REAL,
        stop_requested REAL, failure_reason TEXT NOT NULL DEFAULT '', result TEXT NOT NULL DEFAULT '{}',
        UNIQUE (kind, name)
    );
    CREATE INDEX jobs_active ON jobs (state, id) WHERE state != 'done';

    CREATE TABLE attempts (
        job_id INTEGER NOT NULL, number INTEGER NOT NULL, claimed REAL NOT NULL, ended REAL, outcome TEXT NOT NULL DEFAULT '',
        phases INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (job_id, number)
    ) WITHOUT ROWID;

    CREATE TABLE transitions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        job_id INTEGER NOT NULL, status TEXT NOT NULL, message TEXT NOT NULL, started REAL NOT NULL, ended REAL
    );
    CREATE INDEX transitions_job ON transitions (job_id, id);
    """,
    """
    ALTER TABLE jobs ADD COLUMN give_up_at REAL;
    CREATE INDEX jobs_give_up ON jobs (give_up_at) WHERE give_up_at IS NOT NULL AND state != 'done';
    """,
    # Values over time that clients bring, and which trial components belong to which trials.
    """
    CREATE TABLE series (
        id INTEGER PRIMARY KEY, namespace TEXT NOT NULL, metric TEXT NOT NULL, dimensions TEXT NOT NULL, last REAL NOT NULL,
        UNIQUE (namespace, metric, dimensions)
    );
    CREATE INDEX series_dimensions ON series (namespace, dimensions);
    CREATE TABLE samples (
        series INTEGER NOT NULL, time REAL NOT NULL, count REAL NOT NULL, sum REAL NOT NULL, low REAL NOT NULL,
        high REAL NOT NULL, unit TEXT NOT NULL, step INTEGER
    );
    CREATE INDEX samples_series ON samples (series, time);

    CREATE TABLE memberships (
        component TEXT NOT NULL, trial TEXT NOT NULL, created REAL NOT NULL, PRIMARY KEY (component, trial)
    ) WITHOUT ROWID;
    CREATE INDEX memberships_trial ON memberships (trial, component);
    """,
)
