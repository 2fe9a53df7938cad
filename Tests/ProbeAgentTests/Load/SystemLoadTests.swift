import Foundation
import ProbeNative
import ProbeTesting
import Testing

@testable import ProbeAgent

@Suite struct SystemLoadTests {
    @Test func theMachinesOwnNumbersWhereThereIsNoGroup() throws {
        let root = try KernelFiles([
            "/proc/self/cgroup": "0::/\n",
            "/proc/stat": "cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1 2 3\n",
            "/proc/meminfo": "MemTotal:       1000 kB\nMemFree: 1 kB\nMemAvailable:    250 kB\n",
        ])
        let time = ManualTime()
        let meter = LoadMeter(time: time, processors: 2, root: root.path)
        try root.write("/proc/stat", "cpu  150 0 150 750 150 0 0 0 0 0\n")
        time.advance(by: .seconds(1))
        let usage = meter.usage()
        #expect(usage.cpu == 50)
        #expect(usage.memory == 75)
    }

    @Test(arguments: [("50000 100000", 40.0), ("max 100000", 10.0)])
    func theGroupsNumbersAgainstItsOwnLimit(_ quota: String, _ expected: Double) throws {
        let folder = "/sys/fs/cgroup/pod/c1"
        let root = try KernelFiles([
            "/proc/self/cgroup": "0::/pod/c1\n", folder + "/memory.current": "50\n", folder + "/memory.max": "200\n",
            folder + "/cpu.stat": "usage_usec 1000000\nuser_usec 1\n", folder + "/cpu.max": quota + "\n",
        ])
        let time = ManualTime()
        let meter = LoadMeter(time: time, processors: 2, root: root.path)
        try root.write(folder + "/cpu.stat", "usage_usec 3000000\n")
        time.advance(by: .seconds(10))
        let usage = meter.usage()
        #expect(usage.cpu == expected)
        #expect(usage.memory == 25)
    }

    @Test func thisMachinesFilesAreRead() {
        let usage = LoadMeter(time: SystemTime(), processors: 2).usage()
        #expect((0...100).contains(usage.cpu) && usage.memory > 0 && usage.memory <= 100)
    }
}

/// A folder that stands in for / in front of the kernel's files; removed when it ends.
private final class KernelFiles {
    let path: String

    init(_ files: [String: String]) throws {
        path = NSTemporaryDirectory() + "kernel-\(UUID().uuidString)"
        for (name, text) in files { try write(name, text) }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String) throws {
        let url = URL(fileURLWithPath: path + name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }
}
