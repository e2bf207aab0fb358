// Subscribes, prints every frame, ping and close code, and closes at the first event.
// The library is Debian's golang-github-gorilla-websocket-dev.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"github.com/gorilla/websocket"
)

func main() {
	header := http.Header{"Authorization": {"Bearer " + os.Args[2]}}
	socket, _, err := websocket.DefaultDialer.Dial(os.Args[1], header)
	if err != nil {
		log.Fatal(err)
	}
	answer := socket.PingHandler()
	socket.SetPingHandler(func(data string) error {
		fmt.Println("ping")
		return answer(data)
	})
	for {
		_, text, err := socket.ReadMessage()
		var closed *websocket.CloseError
		if errors.As(err, &closed) {
			fmt.Println("closed", closed.Code)
			return
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(string(text))
		var frame struct{ Type string }
		if err := json.Unmarshal(text, &frame); err != nil {
			log.Fatal(err)
		}
		switch frame.Type {
		case "connected":
			err = socket.WriteJSON(map[string]string{"type": "subscribe", "channel": "apps:created"})
		case "event":
			farewell := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
			err = socket.WriteControl(websocket.CloseMessage, farewell, time.Now().Add(10*time.Second))
		}
		if err != nil {
			log.Fatal(err)
		}
	}
}
