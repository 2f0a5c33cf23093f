using System.CommandLine;
using QuantumTrader.App.Logging;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt events</c>: what a run can tell, and what to do about it; docs/events.md is what <c>--markdown</c> prints.</summary>
internal static class EventsCommand
{
    public static Command Create()
    {
        var name = new Argument<string?>("event") { Description = "A code or a name, to see only that.", DefaultValueFactory = _ => null };
        var json = new Option<bool>("--json") { Description = "Print as JSON." };
        var markdown = new Option<bool>("--markdown") { Description = "Print the whole reference, as in docs/events.md." };
        var command = new Command("events", "Explains what a run tells in its log and report. Example: qt events QT2024") { name, json, markdown };
        command.SetAction(arguments =>
        {
            if (arguments.GetValue(markdown))
            {
                Console.Write(RunEvents.ToMarkdown());
                return ExitCodes.Good;
            }

            var wanted = arguments.GetValue(name);
            var found = RunEvents.All.Where(e => wanted is null || e.Name == wanted || e.Code.Equals(wanted, StringComparison.OrdinalIgnoreCase)).ToList();
            if (found.Count == 0)
            {
                var nearest = NearestName.Of(wanted!, RunEvents.All.SelectMany(e => new[] { e.Name, e.Code }));
                Console.Error.WriteLine($"There is no event '{wanted}'.{(nearest is null ? " 'qt events' lists them." : $" Did you mean '{nearest}'?")}");
                return ExitCodes.Usage;
            }

            Console.Write(arguments.GetValue(json)
                ? Json.Serialize(found.Select(e => new { e.Code, e.Name, e.Level, e.Meaning, e.Remedy })) + Environment.NewLine
                : string.Concat(found.Select(e => $"{e.Code} {e.Name}: {e.Meaning}\n       {e.Remedy}\n")));
            return ExitCodes.Good;
        });
        return command;
    }
}
