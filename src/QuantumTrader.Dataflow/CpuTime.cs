using System.Diagnostics;
using System.Runtime.InteropServices;

namespace QuantumTrader.Dataflow;

/// <summary>Processor time that was used, which is what a limit on it counts. Always zero on a system that does not tell.</summary>
public static partial class CpuTime
{
    // linux/time.h; the clock of a process is made of its number, as clock_getcpuclockid does.
    private const int ThreadClock = 3;
    private const int SchedulerClock = 2;

    /// <summary>By the calling thread.</summary>
    public static TimeSpan OfThread() =>
        OperatingSystem.IsLinux() ? Read(ThreadClock)
        : OperatingSystem.IsWindows() && GetThreadTimes(GetCurrentThread(), out _, out _, out var kernel, out var user) ? TimeSpan.FromTicks(kernel + user)
        : TimeSpan.Zero;

    /// <summary>By all threads of a process of the same user; zero once it has ended.</summary>
    public static TimeSpan OfProcess(Process process)
    {
        if (OperatingSystem.IsLinux())
        {
            return Read((~process.Id << 3) | SchedulerClock);
        }

        try
        {
            return process.TotalProcessorTime;
        }
        catch (InvalidOperationException)
        {
            return TimeSpan.Zero;
        }
    }

    private static TimeSpan Read(int clock) =>
        GetTime(clock, out var time) == 0 ? TimeSpan.FromTicks((time.Seconds * TimeSpan.TicksPerSecond) + (time.Nanoseconds / TimeSpan.NanosecondsPerTick)) : TimeSpan.Zero;

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int GetTime(int clock, out UnixTime time);

    [LibraryImport("kernel32")]
    private static partial nint GetCurrentThread();

    [LibraryImport("kernel32")]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetThreadTimes(nint thread, out long created, out long ended, out long kernel, out long user);

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct UnixTime(nint Seconds, nint Nanoseconds);
}
