"""A worker whose entry point raises, before or after it has come into its room: `RAISES` says which."""

import os

from audatec_agent import worker


async def hold_call(context):
    if os.environ["RAISES"] == "inside":
        await context.connect()
    raise RuntimeError("the entry point raises")


if __name__ == "__main__":
    worker.hold_call = hold_call
    worker.main()
