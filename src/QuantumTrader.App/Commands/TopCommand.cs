using System.CommandLine;
using System.Text.Json;
using QuantumTrader.App.Api;
using QuantumTrader.App.Hosting;
using QuantumTrader.App.Terminal;
using QuantumTrader.Pipelines;
using Spectre.Console;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt top</c>: the blocks of a running pipeline in a terminal.</summary>
internal static class TopCommand
{
    private static readonly TimeSpan KeyPause = TimeSpan.FromMilliseconds(50);

    public static Command Create()
    {
        var columns = Enum.GetValues<TopColumn>().ToDictionary(c => SnakeCase.From(c.ToString()), StringComparer.Ordinal);
        var host = new Option<string>("--host") { Description = "Address of a running pipeline. The token, where one is asked for, is in QT_TOKEN.", DefaultValueFactory = _ => HostClient.Default };
        var sort = new Option<string>("--sort") { Description = $"What to sort by: {string.Join(", ", columns.Keys)}.", DefaultValueFactory = _ => "flow" };
        sort.AcceptOnlyFromAmong([.. columns.Keys]);
        var filter = new Option<string>("--filter") { Description = "Show only blocks whose name or type contains this.", DefaultValueFactory = _ => "" };
        var interval = new Option<double>("--interval") { Description = "Seconds between two looks.", DefaultValueFactory = _ => 1 };
        interval.Validators.Add(v =>
        {
            if (v.GetValueOrDefault<double>() is not (>= 0.1 and <= 3600))
            {
                v.AddError("--interval must be 0.1 to 3600 seconds.");
            }
        });
        var once = new Option<bool>("--once") { Description = "Print one look and end." };
        var json = new Option<bool>("--json") { Description = "Print one look as JSON and end." };
        var command = new Command("top", "Shows the blocks of a running pipeline: rates, fill, time at work and waiting, drops, errors, latency. Example: qt top --sort busy") { host, sort, filter, interval, once, json };
        command.SetAction((arguments, token) =>
        {
            var (address, column, text) = (arguments.GetValue(host)!, columns[arguments.GetValue(sort)!], arguments.GetValue(filter)!);
            return arguments.GetValue(json) || arguments.GetValue(once) || Console.IsOutputRedirected
                ? Task.FromResult(Once(address, column, text, arguments.GetValue(json)))
                : WatchAsync(address, new TopScreen(column, text), TimeSpan.FromSeconds(arguments.GetValue(interval)));
        });
        return command;
    }

    private static int Once(string host, TopColumn sort, string filter, bool isJson)
    {
        var (flow, answer) = Ask(host);
        if (flow is null)
        {
            Console.Error.WriteLine(answer.Words);
            return answer.Code;
        }

        if (isJson)
        {
            var run = flow.Pipeline;
            Console.WriteLine(Json.Serialize(new { Pipeline = run.Name, run.State, run.ElapsedSeconds, run.Events, run.EventsPerSecond, run.Bottleneck, Blocks = TopRow.Of(flow, sort, false, filter) }));
        }
        else
        {
            var screen = new TopScreen(sort, filter);
            screen.Show(flow, "");
            AnsiConsole.Write(screen.Draw());
        }

        return ExitCodes.Good;
    }

    // A host that goes away may come back: the screen says so and asks again.
    private static async Task<int> WatchAsync(string host, TopScreen screen, TimeSpan interval)
    {
        using var stop = new StopSignal(() => { });
        await AnsiConsole.Live(screen.Draw()).AutoClear(false).StartAsync(async live =>
        {
            while (!screen.IsLeft && !stop.Token.IsCancellationRequested)
            {
                var (flow, answer) = Ask(host);
                screen.Show(flow, $"{answer.Words} Asking again.");
                live.UpdateTarget(screen.Draw());
                for (var waited = TimeSpan.Zero; waited < interval && !screen.IsLeft && !stop.Token.IsCancellationRequested; waited += KeyPause)
                {
                    while (!Console.IsInputRedirected && Console.KeyAvailable)
                    {
                        screen.Press(Console.ReadKey(intercept: true));
                        live.UpdateTarget(screen.Draw());
                    }

                    await Task.Delay(KeyPause).ConfigureAwait(false);
                }
            }
        }).ConfigureAwait(false);
        return ExitCodes.Good;
    }

    private static (FlowView? Flow, HostAnswer Answer) Ask(string host)
    {
        var answer = HostClient.Get(host, "/api/flow");
        try
        {
            return (answer.Answer?.Deserialize<FlowView>(Json.Sent), answer);
        }
        catch (JsonException)
        {
            return (null, new HostAnswer(ExitCodes.Outside, null, $"What answers at {host} is no run of this version."));
        }
    }
}
