import Glibc
import ProbeNative

/// Folders that last as long as the test run: a static never ends, so `atexit` removes them.
enum RunFolders {
    private static let kept = Locked<[TemporaryFolder]>([])
    private static let isRegistered: Bool = atexit { RunFolders.removeAll() } == 0

    static func keep(_ folder: TemporaryFolder) {
        precondition(isRegistered, "no room for another atexit function")
        kept.withLock { $0.append(folder) }
    }

    private static func removeAll() {
        kept.withLock { $0 = [] }
    }
}
