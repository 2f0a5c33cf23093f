using System.Runtime.InteropServices;

namespace QuantumTrader.Dataflow;

/// <summary>Gives threads their rank with the system's scheduler.</summary>
public static partial class ThreadRank
{
    private const int ThisThread = 0;
    private const int PrioProcess = 0;
    private const int Nice = 10;

    /// <summary>
    /// Puts the calling thread behind all others that have work: on Linux too, where the runtime's own thread priority has no effect, and
    /// where threads that it starts inherit its rank. A system that refuses leaves the thread as it is.
    /// </summary>
    public static void Lower()
    {
        Thread.CurrentThread.Priority = ThreadPriority.BelowNormal;
        if (OperatingSystem.IsLinux())
        {
            // There it is a matter of the thread, whatever the name of the constant says.
            _ = SetPriority(PrioProcess, ThisThread, Nice);
        }
    }

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, int who, int priority);
}
