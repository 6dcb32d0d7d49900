"""Processing jobs: what runs inside the job's process, and what is done when it has ended (contracts section 8)."""
