import CLinux
import CCurl
import CLdns
import COpenSSL
import COping
import CIDN
public enum Placeholder {}
