using System.CommandLine;
using System.Globalization;
using QuantumTrader.App.Reports;
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
        var command = new Command("run", "Runs a pipeline to the end of its sources, or until Ctrl-C, which drains and reports; a second one ends at once. Example: qt run pipelines/demo.yml --hashes") { report, hashes, json };
        pipeline.AddTo(command);
        command.SetAction(async (arguments, _) =>
        {
            if (pipeline.Load(arguments) is not { } plan)
            {
                return ExitCodes.Configuration;
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
                using var metrics = new EngineMetrics(plan.Name, graph);
                var deadline = plan.Engine.DrainDeadline.TotalSeconds;
                using var stop = new StopSignal(() => Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Stopping: draining within {deadline:0.###} s. The same signal again ends at once.")));
                Console.Error.WriteLine($"Running {plan.Name}: {plan.Blocks.Count} blocks.");
                var result = RunReport.Of(plan.Name, await RunAsync(plan.Name, graph, stop.Token).ConfigureAwait(false)) with { Rollout = RolloutReport.Of(factory.Section<RolloutSection>()) };
                Console.Write(arguments.GetValue(json) ? Json.Serialize(result) + Environment.NewLine : result.ToText(withHashes));
                var written = arguments.GetValue(report) is not { } file || Write(file, result);
                return !result.Completed || !result.Balanced ? ExitCodes.Failed : written ? ExitCodes.Good : ExitCodes.Outside;
            }
            catch (FindingException refused)
            {
                Console.Error.WriteLine(string.Join(Environment.NewLine, refused.Findings));
                return refused.Outside ? ExitCodes.Outside : ExitCodes.Configuration;
            }
            catch (ConfigurationException refused)
            {
                // A block that found its place taken only when it started, such as a port.
                Console.Error.WriteLine(refused.Message);
                return refused.Outside ? ExitCodes.Outside : ExitCodes.Configuration;
            }
            finally
            {
                graph?.Dispose();
                factory?.Dispose();
            }
        });
        return command;
    }

    private static async Task<GraphReport> RunAsync(string name, Graph graph, CancellationToken token)
    {
        var run = graph.RunAsync(token);
        if (Console.IsErrorRedirected)
        {
            return await run.ConfigureAwait(false);
        }

        var (events, since) = (0L, TimeSpan.Zero);
        while (await Task.WhenAny(run, Task.Delay(500, CancellationToken.None)).ConfigureAwait(false) != run)
        {
            var now = graph.Snapshot();
            var rate = (now.Events - events) / Math.Max(1e-9, (now.Elapsed - since).TotalSeconds);
            var fullest = now.Edges.Where(e => !e.Fused).MaxBy(e => (double)e.Depth / e.Capacity);
            var fill = fullest is null ? "" : string.Create(CultureInfo.InvariantCulture, $", {fullest.From} -> {fullest.To} {100.0 * fullest.Depth / fullest.Capacity:0} % full");
            var progress = now.Progress is { } p ? string.Create(CultureInfo.InvariantCulture, $" {p:P0},") : "";
            Console.Error.Write(string.Create(CultureInfo.InvariantCulture, $"\r{name}:{progress} {now.Events:N0} events, {rate:N0}/s{fill}").PadRight(Math.Max(1, Console.WindowWidth - 1)));
            (events, since) = (now.Events, now.Elapsed);
        }

        Console.Error.Write("\r".PadRight(Math.Max(1, Console.WindowWidth - 1)) + "\r");
        return await run.ConfigureAwait(false);
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
