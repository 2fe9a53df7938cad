/// Facts about the machine and the process that other layers need.
public enum System {
    public static var processorCount: Int { Syscalls.processorCount }
}
