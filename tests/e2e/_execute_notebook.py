"""Runs a notebook from top to bottom and writes it with its outputs.

Usage: python _execute_notebook.py NOTEBOOK OUT [SECONDS]

SECONDS is how long a cell may take; without it, as long as it likes.

The kernel "deno" must be known to Jupyter (_execute_notebook.ts sees to that);
it starts in the notebook's own folder, as it does in Jupyter Lab. Stops at the
first cell that fails, with exit code 1.
"""

import os
import queue
import sys

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete, CellExecutionError

# How long to listen for outputs after a cell has ended, in seconds.
LATE = 0.5

source, out, *limit = sys.argv[1:]
notebook = nbformat.read(source, as_version=4)
for cell in notebook.cells:
    # Whether a cell was folded away or when it ran is nobody's business.
    cell.metadata.clear()
    if cell.cell_type == "code":
        cell.outputs = []
        cell.execution_count = None


def merge_streams(outputs):
    """Lines printed one after the other as one output, as a reader sees them."""
    merged = []
    for output in outputs:
        last = merged[-1] if merged else None
        if (
            last is not None
            and output.output_type == last.output_type == "stream"
            and output.name == last.name
        ):
            last.text += output.text
        else:
            merged.append(output)
    return merged


async def take_late_outputs(cell, cell_index, execute_reply):
    """Deno's kernel (2.9.6) now and then says that it is idle before it has
    sent the outputs. Jupyter Lab waits for them; nbclient doesn't."""
    asked = execute_reply["parent_header"]["msg_id"]
    while True:
        try:
            message = await client.kc.get_iopub_msg(timeout=LATE)
        except queue.Empty:
            return
        if message["parent_header"].get("msg_id") != asked:
            continue
        try:
            client.process_message(message, cell, cell_index)
        except CellExecutionComplete:
            pass  # the kernel is idle, which is no news


client = NotebookClient(
    notebook,
    kernel_name="deno",
    timeout=int(limit[0]) if limit else None,
    record_timing=False,
    resources={"metadata": {"path": os.path.dirname(os.path.abspath(source))}},
    on_cell_executed=take_late_outputs,
)
code = 0
try:
    client.execute()
except CellExecutionError as error:
    print(error, file=sys.stderr)
    code = 1
for cell in notebook.cells:
    if cell.cell_type == "code":
        cell.outputs = merge_streams(cell.outputs)
nbformat.write(notebook, out)
sys.exit(code)
