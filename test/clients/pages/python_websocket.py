"""Subscribes, prints every frame, and ends with the first event. The library is Debian's python3-websocket."""
import json
import sys

import websocket

socket = websocket.create_connection(sys.argv[1])
socket.send(json.dumps({"type": "subscribe", "channel": "apps:created"}))
while True:
    text = socket.recv()
    print(text, flush=True)
    if json.loads(text)["type"] == "event":
        break
socket.close()
