import Logging
import NIOSSL
import NIOWebSocket
import ServiceLifecycle
import Yams
import HeapModule
enum Placeholder {}
