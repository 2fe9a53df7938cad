import GRDB
import Hummingbird
import HummingbirdTLS
import NIOWebSocket
enum Placeholder {}
