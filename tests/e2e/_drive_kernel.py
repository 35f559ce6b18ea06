"""Runs cells in a real Deno kernel, interrupting some, and tells what came back.

Usage: python _drive_kernel.py FOLDER < cells.json > messages.json

Reads a list of {"code": text, "interrupt": a count or null}. Writes, for each
cell, its messages (type, content, seconds since the cell began, whether they came
after the kernel had said that it is idle) and whether the kernel lives on. The interrupt is what the stop button of Jupyter sends, once so
many messages have come.
"""

import json
import queue
import sys
import time

from jupyter_client.manager import KernelManager

LATE = 0.5  # seconds to listen after a cell has ended

manager = KernelManager(kernel_name="deno")
manager.start_kernel(cwd=sys.argv[1])
client = manager.client()
client.start_channels()
client.wait_for_ready(timeout=60)


def run(code, interrupt):
    begun = time.time()
    asked = client.execute(code)
    messages = []
    idle = False
    while True:
        try:
            message = client.get_iopub_msg(timeout=LATE if idle else 60)
        except queue.Empty:
            break
        if message["parent_header"].get("msg_id") != asked:
            continue
        content = message["content"]
        if message["msg_type"] == "status":
            idle = content["execution_state"] == "idle"
            continue
        messages.append(
            {
                "type": message["msg_type"],
                "content": content,
                "at": time.time() - begun,
                "late": idle,
            }
        )
        if len(messages) == interrupt:
            manager.interrupt_kernel()
    return {"messages": messages, "alive": manager.is_alive()}


try:
    cells = json.load(sys.stdin)
    results = [run(cell["code"], cell.get("interrupt")) for cell in cells]
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
json.dump(results, sys.stdout)
