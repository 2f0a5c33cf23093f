using System.Diagnostics;

namespace QuantumTrader.App.Benchmarks;

/// <summary>How benchmarks wait without using the processor.</summary>
internal static class Waiting
{
    /// <summary>How long another thread or process may take before the benchmark fails.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private static readonly ManualResetEvent Nothing = new(false);

    /// <summary>About a millisecond.</summary>
    public static void Briefly() => Nothing.WaitOne(1);

    /// <summary>So long.</summary>
    public static void For(TimeSpan time) => Nothing.WaitOne(time);

    /// <summary>Until the condition holds.</summary>
    public static void Until(Func<bool> condition)
    {
        var since = Stopwatch.StartNew();
        while (!condition())
        {
            if (since.Elapsed > Patience)
            {
                throw new TimeoutException("The other side did not answer.");
            }

            Briefly();
        }
    }
}
