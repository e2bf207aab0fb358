"""Subscribes, prints every frame, and ends with the first event. The library is Debian's python3-websockets."""
import asyncio
import json
import sys

import websockets


async def main(url):
    async with websockets.connect(url) as socket:
        await socket.send(json.dumps({"type": "subscribe", "channel": "apps:created"}))
        async for text in socket:
            print(text, flush=True)
            if json.loads(text)["type"] == "event":
                return


asyncio.run(main(sys.argv[1]))
