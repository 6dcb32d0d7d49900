"""papermill's engine for jobs: kernels of the job's interpreter, whole files at every save, progress. Imports papermill (2 s)."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, ClassVar

import nbformat
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager, NoSuchKernel
from jupyter_client.manager import AsyncKernelManager
from papermill.engines import NBClientEngine, NotebookExecutionManager
from papermill.exceptions import PapermillExecutionError
from papermill.iorw import load_notebook_node

from clary.home import atomic_write

_KERNEL = "python3"
_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


class OwnKernelManager(AsyncKernelManager):  # type: ignore[misc]
    """Starts ipykernel in one interpreter, whatever kernelspecs are or are not installed; other languages by name."""

    python: ClassVar[str] = sys.executable

    @property
    def kernel_spec(self) -> KernelSpec | None:
        """What to start."""
        if self.kernel_name == _KERNEL:
            return own_kernel(self.python)
        return super().kernel_spec


def own_kernel(python: str) -> KernelSpec:
    """ipykernel in an interpreter."""
    return KernelSpec(
        argv=[python, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        display_name="Python 3 (ipykernel)",
        language="python",
        name=_KERNEL,
    )


def prepare(source: Path) -> Any:
    """The notebook at ``source``, set to a kernel that it can run on here; a text for people where that is not possible."""
    try:
        notebook = load_notebook_node(str(source))
    except Exception as error:
        return f"{source.name} is not a notebook that can be read: {error}"
    spec = notebook.metadata.get("kernelspec") or {}
    language = spec.get("language") or (notebook.metadata.get("language_info") or {}).get("name") or "python"
    if language == "python":
        # Its author's kernel name ("conda_pytorch_p310", ...) means nothing here: the job's interpreter is the kernel.
        notebook.metadata["kernelspec"] = nbformat.NotebookNode(
            {"name": _KERNEL, "display_name": "Python 3 (ipykernel)", "language": "python"}
        )
        return notebook
    try:
        KernelSpecManager().get_kernel_spec(spec.get("name", ""))
    except NoSuchKernel:
        return f"{source.name} is written in {language} for the kernel {spec.get('name')!r}, which is not installed here"
    return notebook


class ProgressEngine(NBClientEngine):  # type: ignore[misc]
    """papermill's own engine, with our kernels, saves and progress."""

    _manager: ClassVar[NotebookExecutionManager | None] = None

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: NotebookExecutionManager, kernel_name: str, **kwargs: Any
    ) -> Any:
        """Called by papermill when the notebook has its parameters. ``on_progress(done, total)``: see `notebook.Progress`."""
        on_progress = kwargs.pop("on_progress")
        total = sum(1 for cell in nb_man.nb.cells if cell.cell_type == "code")
        done = 0
        complete = nb_man.cell_complete

        def completed(cell: Any, cell_index: int | None = None, **more: Any) -> None:
            nonlocal done
            complete(cell, cell_index, **more)
            if cell.cell_type == "code":
                done += 1
                on_progress(done, total)

        nb_man.cell_complete = completed
        nb_man.save = lambda **_: _save(nb_man)
        cls._manager = nb_man
        on_progress(0, total)
        return super().execute_managed_notebook(
            nb_man, kernel_name, kernel_manager_class=OwnKernelManager, **kwargs
        )

    @classmethod
    def save_now(cls) -> None:
        """Save the notebook as it is, in the middle of a cell."""
        if cls._manager is not None:
            _save(cls._manager)


def _save(manager: NotebookExecutionManager) -> None:
    atomic_write(manager.output_path, nbformat.writes(manager.nb).encode("utf-8", "surrogatepass"))
    manager.last_save_time = manager.now()


def notebook_error(error: PapermillExecutionError, name: str) -> str:
    """The error of a failed cell in one line for people: which cell, which exception."""
    message = _ESCAPES.sub("", f"{error.ename}: {error.evalue}")
    return f"{message} (in cell [{error.exec_count}] of {name})"
