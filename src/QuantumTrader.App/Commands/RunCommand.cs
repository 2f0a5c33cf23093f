using System.CommandLine;
using System.Globalization;
using System.Net;
using QuantumTrader.App.Alerting;
using QuantumTrader.App.Hosting;
using QuantumTrader.App.Logging;
using QuantumTrader.App.Reports;
using QuantumTrader.App.Telemetry;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;
using QuantumTrader.Rollout;
using QuantumTrader.Storage;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt run</c>: runs a pipeline and accounts for every event.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var pipeline = new PipelineArguments();
        var report = new Option<string?>("--report") { Description = "Write the report to this file, as JSON." };
        var hashes = new Option<bool>("--hashes") { Description = "Print the SHA-256 of every block's ordered output." };
        var json = new Option<bool>("--json") { Description = "Print the report as JSON." };
        var listen = new Option<string?>("--listen") { Description = $"Serve the dashboard and its API at this address; {ListenAddress.Default} when none is named.", Arity = ArgumentArity.ZeroOrOne, HelpName = "ADDRESS:PORT" };
        var stay = new Option<bool>("--stay") { Description = "Go on serving the dashboard after the end of the sources, until Ctrl-C." };
        var log = new Option<LogForm?>("--log") { Description = "Write a log to standard error: off, text or json. Without it, text when the pipeline has alerts or serves a dashboard." };
        var command = new Command("run", "Runs a pipeline to the end of its sources, or until Ctrl-C, which drains and reports; a second one ends at once. Example: qt run pipelines/demo.yml --hashes") { report, hashes, json, listen, stay, log };
        pipeline.AddTo(command);
        command.SetAction(async (arguments, _) =>
        {
            if (pipeline.Load(arguments) is not { } plan)
            {
                return ExitCodes.Configuration;
            }

            var address = default(IPEndPoint);
            if (arguments.GetResult(listen) is not null && !ListenAddress.TryParse(arguments.GetValue(listen) ?? ListenAddress.Default, out address))
            {
                Console.Error.WriteLine($"--listen: '{arguments.GetValue(listen)}' {ListenAddress.Legal}");
                return ExitCodes.Usage;
            }

            var withHashes = arguments.GetValue(hashes) || plan.Engine.Hashes;
            plan = plan with { Engine = plan.Engine with { Hashes = withHashes } };
            BlockFactory? factory = null;
            Graph? graph = null;
            try
            {
                factory = new BlockFactory(plan, TimeProvider.System);
                graph = PipelineBuilder.Build(plan, factory);
                foreach (var finding in factory.Section<SpillStore>()?.Findings ?? [])
                {
                    Console.Error.WriteLine(finding);
                }

                factory.Section<RolloutSection>()?.Begin();
                var live = new LiveRun(factory, graph, TimeProvider.System);
                using var metrics = new EngineMetrics(plan.Name, graph, live.TypeOf);
                using var stop = new StopSignal(() => Stopping(live));
                address ??= factory.Section<HostSection>()?.Listen;
                var form = arguments.GetValue(log) ?? (address is null && factory.Section<AlertsSection>() is null ? LogForm.Off : LogForm.Text);
                await using var alerts = form == LogForm.Off && address is null ? null : Watch(live, form);
                live.Alerts = alerts;
                using var measured = new RunMetrics(live);
                await using var host = address is null ? null : await ListenAsync(live, measured, metrics, address).ConfigureAwait(false);
                using var push = OtlpPush.Start(factory.Section<HostSection>()?.Options.Otlp, plan.Name);
                Say(live, LogLevel.Info, $"Running {plan.Name}: {plan.Blocks.Count} blocks.");
                foreach (var one in factory.Switches.Values.Where(s => s.Value is not null))
                {
                    Say(live, LogLevel.Debug, $"{one.Name} is {one.Value}");
                }

                var ended = await RunAsync(live, stop.Token).ConfigureAwait(false);
                var result = RunReport.Of(plan.Name, ended) with { Rollout = RolloutReport.Of(factory.Section<RolloutSection>(), plan, ended) };
                Console.Write(arguments.GetValue(json) ? Json.Serialize(result) + Environment.NewLine : result.ToText(withHashes));
                var written = arguments.GetValue(report) is not { } file || Write(file, result);
                if (arguments.GetValue(stay) && host is not null && !stop.Token.IsCancellationRequested)
                {
                    Console.Error.WriteLine("The run is over; the dashboard stays until Ctrl-C.");
                    await Task.Delay(Timeout.Infinite, stop.Token).ContinueWith(_ => { }, TaskScheduler.Default).ConfigureAwait(false);
                }

                return !result.Completed || !result.Balanced ? ExitCodes.Failed : written ? ExitCodes.Good : ExitCodes.Outside;
            }
            catch (FindingException refused)
            {
                return ExitCodes.Refuse(refused);
            }
            catch (ConfigurationException refused)
            {
                // A block that found its place taken only when it started, such as a port.
                return ExitCodes.Refuse(refused);
            }
            finally
            {
                graph?.Dispose();
                factory?.Dispose();
            }
        });
        return command;
    }

    // A pipeline without the section is watched by the rules that are built in, and tells the log alone. Apart, so that a run without it
    // never loads the logging.
    private static AlertService Watch(LiveRun live, LogForm form)
    {
        var log = RunLog.Open(form, live.Clock, () => LeastLevel(live.Factory.Switches));
        try
        {
            return (live.Factory.Section<AlertsSection>() ?? new AlertsSection(new AlertsOptions(), live.Factory.Files, live.Clock)).Start(live.Factory, live.Graph, log);
        }
        catch
        {
            log.Dispose();
            throw;
        }
    }

    private static void Stopping(LiveRun live)
    {
        if (live.State == RunState.Running)
        {
            live.Drain();
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Stopping: draining within {live.Plan.Engine.DrainDeadline.TotalSeconds:0.###} s. The same signal again ends at once."));
        }
    }

    // Apart, so that a run without it never loads the web server.
    private static async Task<IAsyncDisposable> ListenAsync(LiveRun live, RunMetrics measured, EngineMetrics metrics, IPEndPoint address)
    {
        var host = await LiveHost.StartAsync(live, measured, metrics, live.Factory.Section<HostSection>()?.Options ?? new HostOptions(), address, Environment.GetEnvironmentVariable(AccessRules.TokenVariable)).ConfigureAwait(false);
        Console.Error.WriteLine($"Dashboard: {host.Address}");
        if (!IPAddress.IsLoopback(address.Address))
        {
            Console.Error.WriteLine($"Warning: other machines can reach {address}, and what they send and get is not encrypted. Put a proxy with TLS before it, and list its name under host.names.");
        }

        return host;
    }

    private static Microsoft.Extensions.Logging.LogLevel LeastLevel(Switches switches) => switches.Now.LogLevel switch
    {
        LogLevel.Debug => Microsoft.Extensions.Logging.LogLevel.Debug,
        LogLevel.Warning => Microsoft.Extensions.Logging.LogLevel.Warning,
        LogLevel.Error => Microsoft.Extensions.Logging.LogLevel.Error,
        _ => Microsoft.Extensions.Logging.LogLevel.Information,
    };

    private static void Say(LiveRun live, LogLevel level, string words)
    {
        if (level >= (live.Factory.Switches.Now.LogLevel ?? LogLevel.Info))
        {
            Console.Error.WriteLine(words);
        }
    }

    private static async Task<GraphReport> RunAsync(LiveRun live, CancellationToken token)
    {
        var run = live.Graph.RunAsync(token);
        var isQuiet = Console.IsErrorRedirected || live.Factory.Switches.Now.LogLevel > LogLevel.Info;
        while (!isQuiet && await Task.WhenAny(run, Task.Delay(500, CancellationToken.None)).ConfigureAwait(false) != run)
        {
            var now = live.Watch.Now();
            var fullest = now.Report.Edges.Where(e => !e.Fused).MaxBy(e => (double)e.Depth / e.Capacity);
            var fill = fullest is null ? "" : string.Create(CultureInfo.InvariantCulture, $", {fullest.From} -> {fullest.To} {100.0 * fullest.Depth / fullest.Capacity:0} % full");
            var progress = now.Report.Progress is { } p ? string.Create(CultureInfo.InvariantCulture, $" {p:P0},") : "";
            Console.Error.Write(string.Create(CultureInfo.InvariantCulture, $"\r{live.Plan.Name}:{progress} {now.Report.Events:N0} events, {now.EventsPerSecond:N0}/s{fill}").PadRight(Math.Max(1, Console.WindowWidth - 1)));
        }

        if (!isQuiet)
        {
            Console.Error.Write("\r".PadRight(Math.Max(1, Console.WindowWidth - 1)) + "\r");
        }

        var report = await run.ConfigureAwait(false);
        live.End(report);
        return report;
    }

    // The run itself is over and was good or not by itself: a report that cannot be written is said, and keeps its own exit code.
    private static bool Write(string file, RunReport report)
    {
        try
        {
            if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder)
            {
                Directory.CreateDirectory(folder);
            }

            using var stream = new FileStream(file, FileMode.Create, FileAccess.Write);
            using (var writer = new StreamWriter(stream, leaveOpen: true))
            {
                writer.WriteLine(Json.Serialize(report));
            }

            stream.Flush(true);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"The report could not be written to '{file}': {error.Message} The run itself is not affected; free some room or name another file.");
            return false;
        }
    }
}
