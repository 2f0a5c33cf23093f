using System.CommandLine;
using System.Globalization;
using System.Text;
using QuantumTrader.App.Alerting;
using QuantumTrader.App.Alerting.Channels;
using QuantumTrader.App.Alerting.Rules;
using QuantumTrader.App.Logging;
using QuantumTrader.Features;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt alerts</c>: the rules, and whether the channels of a pipeline work.</summary>
internal static class AlertsCommand
{
    public static Command Create() => new("alerts", "Shows the rules of the alerts, and tests the channels of a pipeline. Example: qt alerts test pipelines/live-wdo.yml") { Rules(), Test() };

    private static Command Rules()
    {
        var json = new Option<bool>("--json") { Description = "Print as JSON." };
        var markdown = new Option<bool>("--markdown") { Description = "Print the table of docs/alerts.md." };
        var command = new Command("rules", "Lists the rules that are built in. Example: qt alerts rules") { json, markdown };
        command.SetAction(arguments =>
        {
            Console.Write(arguments.GetValue(markdown) ? ToMarkdown() : arguments.GetValue(json) ? Json.Serialize(AlertRules.All.Select(Row.Of)) + Environment.NewLine : ToText());
            return ExitCodes.Good;
        });
        return command;
    }

    private static Command Test()
    {
        var pipeline = new PipelineArguments();
        var json = new Option<bool>("--json") { Description = "Print as JSON." };
        var command = new Command("test", "Sends one alert to every channel of a pipeline, and says which came through. Example: qt alerts test pipelines/live-wdo.yml") { json };
        pipeline.AddTo(command);
        command.SetAction(async (arguments, stop) =>
        {
            if (pipeline.Load(arguments) is not { } plan)
            {
                return ExitCodes.Configuration;
            }

            try
            {
                using var factory = new BlockFactory(plan, TimeProvider.System);
                if (factory.Section<AlertsSection>() is not { } section)
                {
                    Console.Error.WriteLine($"{plan.Name} has no section 'alerts'. Add one, as docs/alerts.md shows.");
                    return ExitCodes.Configuration;
                }

                using var log = RunLog.Open(LogForm.Off, TimeProvider.System, () => Microsoft.Extensions.Logging.LogLevel.None);
                var results = await TestAsync(section, plan.Name, log, stop).ConfigureAwait(false);
                if (results.Count == 0)
                {
                    Console.Error.WriteLine($"{plan.Name} tells its alerts to the log only: 'alerts.channels' names no channel.");
                }

                Console.Write(arguments.GetValue(json)
                    ? Json.Serialize(results) + Environment.NewLine
                    : string.Concat(results.Select(r => $"{r.Channel,-10} {(r.Failure is null ? "delivered" : $"failed: {r.Failure}")}\n")));
                return results.All(r => r.Failure is null) ? ExitCodes.Good : ExitCodes.Outside;
            }
            catch (FindingException refused)
            {
                return ExitCodes.Refuse(refused);
            }
            catch (ConfigurationException refused)
            {
                Console.Error.WriteLine($"alerts.{refused.Option}: {refused.Message}");
                return ExitCodes.Configuration;
            }
        });
        return command;
    }

    private static async Task<IReadOnlyList<TestResult>> TestAsync(AlertsSection section, string pipeline, RunLog log, CancellationToken stop)
    {
        var alert = new RaisedAlert(0, TimeProvider.System.GetUtcNow(), pipeline, "test", "qt alerts test", AlertSeverity.Info, "This is a test: nothing is wrong.", 0, 0);
        var results = new List<TestResult>();
        foreach (var outbox in section.OpenChannels(new AlertState(), log))
        {
            using (outbox)
            {
                try
                {
                    await outbox.SendAsync(alert, stop).ConfigureAwait(false);
                    results.Add(new TestResult(outbox.Name, null));
                }
                catch (DeliveryException e)
                {
                    results.Add(new TestResult(outbox.Name, e.Message));
                }
            }
        }

        return results;
    }

    private static string ToText()
    {
        var text = new StringBuilder();
        foreach (var rule in AlertRules.All)
        {
            var row = Row.Of(rule);
            text.Append(CultureInfo.InvariantCulture, $"{row.Name,-20} {row.Severity,-9} {row.Fires,-44} {row.Meaning}\n");
        }

        return text.ToString();
    }

    private static string ToMarkdown()
    {
        var text = new StringBuilder("| rule | severity | fires | cool-down | meaning |\n| --- | --- | --- | --- | --- |\n");
        foreach (var rule in AlertRules.All)
        {
            var row = Row.Of(rule);
            text.Append(CultureInfo.InvariantCulture, $"| `{row.Name}` | {row.Severity} | {row.Fires} | {row.CoolDownMinutes:0.##} min | {row.Meaning} |\n");
        }

        return text.ToString();
    }

    private sealed record TestResult(string Channel, string? Failure);

    private sealed record Row(string Name, string Severity, string Fires, double CoolDownMinutes, string Meaning)
    {
        public static Row Of(AlertRule rule) => new(
            rule.Name,
            rule.Severity.ToString().ToLowerInvariant(),
            rule is { Limit: 0, Unit: "" } ? Lasting("when it is so", rule) : Lasting(string.Create(CultureInfo.InvariantCulture, $"{(rule.IsBelow ? "below" : "above")} {rule.Limit:0.####}{(rule.Unit.Length > 0 ? " " + rule.Unit : "")}"), rule),
            rule.CoolDown.TotalMinutes,
            rule.Meaning);

        private static string Lasting(string words, AlertRule rule) =>
            rule.For > TimeSpan.Zero ? string.Create(CultureInfo.InvariantCulture, $"{words} for {rule.For.TotalSeconds:0.###} s") : words;
    }
}
