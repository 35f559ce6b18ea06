"""Runs notebooks from top to bottom and writes them with their outputs.

Usage: python _execute_notebook.py < jobs.json

Reads {"notebooks": [[path, out], …], "seconds": how long a cell may take, or
null for as long as it likes, "atOnce": how many notebooks run side by side}.

The kernel "deno" must be known to Jupyter (_execute_notebook.ts sees to that);
it starts in the notebook's own folder, as it does in Jupyter Lab. A notebook
stops at its first cell that fails. Prints a line of JSON for each notebook as it
ends: {"notebook": path, "error": text or null}.
"""

import asyncio
import json
import os
import sys

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete, CellExecutionError


def cleared(path):
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        # Whether a cell was folded away or when it ran is nobody's business.
        cell.metadata.clear()
        if cell.cell_type == "code":
            cell.outputs = []
            cell.execution_count = None
    return notebook


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


def taking_late_outputs(client):
    """Deno's kernel (2.9.6) now and then says that it is idle before it has
    sent the outputs. Jupyter Lab waits for them; nbclient doesn't. Here they are
    taken until the kernel is through with a request that comes after the cell."""

    async def take(cell, cell_index, execute_reply):
        asked = execute_reply["parent_header"]["msg_id"]
        after = client.kc.execute(
            "await new Promise((done) => setTimeout(done, 20))",
            silent=True,
            store_history=False,
        )
        while True:
            message = await client.kc.get_iopub_msg(timeout=60)
            parent = message["parent_header"].get("msg_id")
            if parent == asked:
                try:
                    client.process_message(message, cell, cell_index)
                except CellExecutionComplete:
                    pass  # the kernel is idle, which is no news
            elif parent == after and message["msg_type"] == "status":
                if message["content"]["execution_state"] == "idle":
                    return

    return take


async def execute(path, out, seconds):
    notebook = cleared(path)
    client = NotebookClient(
        notebook,
        kernel_name="deno",
        timeout=seconds,
        record_timing=False,
        resources={"metadata": {"path": os.path.dirname(os.path.abspath(path))}},
    )
    client.on_cell_executed = taking_late_outputs(client)
    error = None
    try:
        await client.async_execute()
    except CellExecutionError as failed:
        error = str(failed)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = merge_streams(cell.outputs)
    nbformat.write(notebook, out)
    print(json.dumps({"notebook": path, "error": error}), flush=True)


async def main(notebooks, seconds, at_once):
    free = asyncio.Semaphore(at_once)

    async def one(path, out):
        async with free:
            await execute(path, out, seconds)

    await asyncio.gather(*(one(path, out) for path, out in notebooks))


jobs = json.load(sys.stdin)
asyncio.run(main(jobs["notebooks"], jobs["seconds"], jobs["atOnce"]))
