using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace QuantumTrader.App.Logging;

/// <summary>One line per event, for people: time, level, message.</summary>
internal sealed class LineFormatter(TimeProvider clock) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "line";

    public const string TimeFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";

    public LineFormatter() : this(TimeProvider.System)
    {
    }

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        textWriter.Write(clock.GetUtcNow().UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture));
        textWriter.Write(logEntry.LogLevel switch
        {
            LogLevel.Trace or LogLevel.Debug => " debug   ",
            LogLevel.Information => " info    ",
            LogLevel.Warning => " warning ",
            LogLevel.Error => " error   ",
            _ => " critical ",
        });
        // One line stays one line, whatever a message holds.
        textWriter.WriteLine(logEntry.Formatter(logEntry.State, logEntry.Exception).ReplaceLineEndings(" "));
    }
}
