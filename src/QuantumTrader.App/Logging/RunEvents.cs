using System.Collections.Frozen;
using System.Globalization;
using System.Reflection;
using System.Text;
using Microsoft.Extensions.Logging;
using QuantumTrader.App.Commands;
using QuantumTrader.Dataflow;

namespace QuantumTrader.App.Logging;

/// <summary>All events that a run can tell, as their classes describe them (<see cref="RunEventAttribute"/>).</summary>
internal static class RunEvents
{
    /// <summary>In the order of their codes.</summary>
    public static IReadOnlyList<RunEventAttribute> All { get; } =
    [
        .. PipelineArguments.Rooms.Append(typeof(Block).Assembly).Append(typeof(RunEvents).Assembly)
            .SelectMany(a => a.GetTypes()).SelectMany(t => t.GetCustomAttributes<RunEventAttribute>(inherit: false)).OrderBy(e => e.Code, StringComparer.Ordinal),
    ];

    private static readonly FrozenDictionary<string, RunEventAttribute> ByName = All.ToFrozenDictionary(e => e.Name);

    /// <summary>The event of a name; null for a remark of somebody's own block that nobody described.</summary>
    public static RunEventAttribute? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>As the log wants it.</summary>
    public static EventId IdOf(RunEventAttribute known) => new(int.Parse(known.Code.AsSpan(2), CultureInfo.InvariantCulture), known.Name);

    /// <summary>The reference <c>docs/events.md</c>.</summary>
    public static string ToMarkdown()
    {
        var text = new StringBuilder();
        text.Append("""
            # Events

            What a run can tell, in its log (`qt run --log text` or `json`) and, for the remarks of blocks, in its report. Codes are stable. A site that tells the
            same again and again is limited: one line, then a line with the number of the others after a second, and twice as long each time, up to a minute.
            This page is made from the code: `qt events --markdown`.

            | code | name | level | meaning | what to do |
            | --- | --- | --- | --- | --- |

            """);
        foreach (var e in All)
        {
            text.Append(CultureInfo.InvariantCulture, $"| {e.Code} | `{e.Name}` | {e.Level.ToString().ToLowerInvariant()} | {e.Meaning} | {e.Remedy} |\n");
        }

        return text.ToString();
    }
}
