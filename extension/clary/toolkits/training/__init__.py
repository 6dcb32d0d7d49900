"""What runs inside a training job: SageMaker's file, variable and exit contracts around the user's script.

``entry.main`` is the job's own process (the *agent*): it lays out ``/opt/ml``, fetches channels and code, starts the
user's program and waits for it. ``finish.TrainingKind`` runs after everything of the job is gone and turns what is left
on disk into artifacts and a status.
"""
