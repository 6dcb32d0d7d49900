"""What runs inside a job or worker process: the contracts that a user's script relies on."""
