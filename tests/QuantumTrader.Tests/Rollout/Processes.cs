using System.Globalization;

namespace QuantumTrader.Tests.Rollout;

/// <summary>What the system says of other processes.</summary>
internal static class Processes
{
    // What Linux counts processor time in, whatever the machine.
    private const double TicksPerSecond = 100;

    /// <summary>Those that a process has started, and that have not ended.</summary>
    public static IReadOnlyList<int> ChildrenOf(int parent) =>
        [.. Directory.GetDirectories("/proc").Select(Path.GetFileName).Where(n => int.TryParse(n, out _)).Select(n => int.Parse(n!, CultureInfo.InvariantCulture)).Where(p => Stat(p) is { } s && s[1] == parent.ToString(CultureInfo.InvariantCulture) && s[0] != "Z")];

    /// <summary>True until it has ended, whether or not somebody has taken note.</summary>
    public static bool IsAlive(int process) => Stat(process) is { } stat && stat[0] is not ("Z" or "X");

    /// <summary>What it has used of the processors.</summary>
    public static TimeSpan ProcessorTime(int process) => Stat(process) is { } stat
        ? TimeSpan.FromSeconds((long.Parse(stat[11], CultureInfo.InvariantCulture) + long.Parse(stat[12], CultureInfo.InvariantCulture)) / TicksPerSecond)
        : TimeSpan.Zero;

    /// <summary>Its command line.</summary>
    public static IReadOnlyList<string> Arguments(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline").Split('\0');
        }
        catch (IOException)
        {
            return [];
        }
    }

    /// <summary>Polls, at most for half a minute.</summary>
    public static void Until(Func<bool> isSo) => SpinWait.SpinUntil(() =>
    {
        Thread.Sleep(5);
        return isSo();
    }, TimeSpan.FromSeconds(30)).ShouldBeTrue();

    // From the state on; before it stands the name, which may hold anything.
    private static string[]? Stat(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/stat") is var text ? text[(text.LastIndexOf(')') + 2)..].Split(' ') : null;
        }
        catch (IOException)
        {
            return null;
        }
    }
}
