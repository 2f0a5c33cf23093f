using System.Globalization;
using System.Runtime.InteropServices;

namespace QuantumTrader.Dataflow;

/// <summary>How a thread stands with the system's scheduler to those of the main path.</summary>
public enum ThreadRank
{
    /// <summary>It gets a tenth of what one of the main path gets, when both have work.</summary>
    Behind,

    /// <summary>It gets what nobody else wants of the processors.</summary>
    Idle,
}

/// <summary>Gives threads their rank: on Linux too, where the runtime's own thread priority has no effect. A system that refuses leaves it as it is.</summary>
public static partial class ThreadRanks
{
    private const int ThisThread = 0;
    private const int PrioProcess = 0;
    private const int Nice = 10;
    private const int SchedIdle = 5;

    /// <summary>Puts the calling thread behind all others that have work, for good; null leaves it as it is. On Linux the threads and processes that it starts inherit that.</summary>
    public static void Lower(ThreadRank? rank)
    {
        if (rank is null)
        {
            return;
        }

        Thread.CurrentThread.Priority = rank == ThreadRank.Behind ? ThreadPriority.BelowNormal : ThreadPriority.Lowest;
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        if (rank == ThreadRank.Idle)
        {
            MakeIdle(ThisThread);
        }
        else
        {
            // There it is a matter of the thread, whatever the name of the constant says.
            _ = SetPriority(PrioProcess, ThisThread, Nice);
        }
    }

    /// <summary>Makes all threads of this process idle ones, on Linux: to change from one process to another costs more than to change threads.</summary>
    public static void LowerProcess()
    {
        if (OperatingSystem.IsLinux())
        {
            foreach (var thread in Directory.EnumerateDirectories("/proc/self/task"))
            {
                MakeIdle(int.Parse(Path.GetFileName(thread), CultureInfo.InvariantCulture));
            }
        }
    }

    private static void MakeIdle(int thread)
    {
        var priority = 0;
        _ = SetScheduler(thread, SchedIdle, in priority);
    }

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, int who, int priority);

    [LibraryImport("libc", EntryPoint = "sched_setscheduler")]
    private static partial int SetScheduler(int thread, int policy, in int priority);
}
