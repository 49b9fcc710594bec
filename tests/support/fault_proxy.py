"""A TCP proxy on loopback that misbehaves: passes, cuts after so many bytes of the reply, goes silent, or drips."""

import socket
import threading


class Proxy:
    """mode: "pass", "cut" (after `limit` reply bytes), "stall" (accepts, never answers), "drip" (one byte a second)."""

    def __init__(self, port):
        self.target = port
        self.mode = "pass"
        self.limit = 0
        self.passed = 0
        self.stopping = threading.Event()
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(16)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while not self.stopping.is_set():
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self.target))
        except OSError:
            client.close()
            return
        threading.Thread(target=self.pump, args=(client, server, False), daemon=True).start()
        self.pump(server, client, True)

    def pump(self, source, sink, is_reply):
        try:
            while True:
                data = source.recv(1 if is_reply and self.mode == "drip" else 65536)
                if not data:
                    break
                if is_reply and not self.let_pass(data, sink):
                    break
                if not is_reply:
                    sink.sendall(data)
        except OSError:
            pass
        for each in (source, sink):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            each.close()

    def let_pass(self, data, sink):
        if self.mode == "stall":
            self.stopping.wait()
            return False
        if self.mode == "drip":
            self.stopping.wait(1)
        if self.mode == "cut":
            room = max(0, self.limit - self.passed)
            sink.sendall(data[:room])
            self.passed += len(data[:room])
            return len(data) <= room
        self.passed += len(data)
        sink.sendall(data)
        return True

    def close(self):
        self.stopping.set()
        self.listener.close()
