using System.Diagnostics;
using System.Globalization;

namespace QuantumTrader.App.Commands;

/// <summary>A line on the terminal that says how far a long command is: from its third second on, and not into a file.</summary>
internal sealed class ProgressBar(string what) : IDisposable
{
    private const int Width = 20;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly long _start = Stopwatch.GetTimestamp();
    private long _shown;
    private int _length;

    /// <summary>Shows it.</summary>
    /// <param name="share">Share of the whole that is done.</param>
    /// <param name="step">What is being done.</param>
    public void Show(double share, string step)
    {
        if (Console.IsErrorRedirected || Stopwatch.GetElapsedTime(_start) < Patience || (_shown > 0 && Stopwatch.GetElapsedTime(_shown) < Pause))
        {
            return;
        }

        _shown = Stopwatch.GetTimestamp();
        var full = (int)(Math.Clamp(share, 0, 1) * Width);
        var line = string.Create(CultureInfo.InvariantCulture, $"{what} [{new string('#', full)}{new string('.', Width - full)}] {share:P0}, {step}");
        Console.Error.Write("\r" + line.PadRight(_length));
        _length = line.Length;
    }

    /// <summary>Takes the line away.</summary>
    public void Dispose()
    {
        if (_length > 0)
        {
            Console.Error.Write("\r".PadRight(_length + 1) + "\r");
            _length = 0;
        }
    }
}
