using System.CommandLine;
using System.Globalization;
using System.Reflection;
using QuantumTrader.Dataflow;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt record</c>: keeps what a block of a pipeline sends in a journal. Only what that block needs is run; nothing trades.</summary>
internal static class RecordCommand
{
    public static Command Create()
    {
        var pipeline = new PipelineArguments();
        var folder = new Option<string>("--to") { Description = "Folder of the journal; what is in it stays.", Required = true };
        var block = new Option<string?>("--block") { Description = "The block whose events are kept. Default: the normalizer, else the source." };
        var command = new Command("record", "Records a pipeline's market events into a journal, to be replayed with source.journal. Example: qt record pipelines/demo.yml --to .qt/journal") { folder, block };
        pipeline.AddTo(command);
        command.SetAction(async (arguments, _) =>
        {
            if (pipeline.Load(arguments) is not { } plan)
            {
                return ExitCodes.Configuration;
            }

            if (Find(plan, arguments.GetValue(block)) is not { } recorded)
            {
                return ExitCodes.Usage;
            }

            try
            {
                var part = PartialPlan.Of(plan, recorded.Name);
                using var factory = new BlockFactory(part, TimeProvider.System);
                using var journal = JournalStore.Open(arguments.GetValue(folder)!, new JournalOptions(), factory.Section<MarketContext>()!.Symbols, TimeProvider.System);
                using var stop = new StopSignal(() => Console.Error.WriteLine("Stopping: what was received is kept."));
                var (report, sink) = await RecordAsync(part, factory, recorded, journal, stop.Token).ConfigureAwait(false);
                foreach (var note in report.Notes)
                {
                    Console.Error.WriteLine($"{note.Block}: {note.Message}");
                }

                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Recorded {sink.Stored:N0} events of '{recorded.Name}' to {arguments.GetValue(folder)}; {sink.Repeated:N0} were there already, {sink.Late:N0} came late."));
                var lost = report.Blocks.First(b => b.Name == SinkName).Dropped.Values.Sum();
                if (lost > 0 || !report.Completed || !report.Balanced)
                {
                    Console.Error.WriteLine($"Not all of it was recorded: {report.Fault ?? $"{lost} events could not be stored."}");
                    return ExitCodes.Failed;
                }

                return ExitCodes.Good;
            }
            catch (FindingException refused)
            {
                return ExitCodes.Refuse(refused);
            }
            catch (StoreException error)
            {
                Console.Error.WriteLine(error.Message);
                return ExitCodes.Outside;
            }
        });
        return command;
    }

    private const string SinkName = "record";

    private static BlockPlan? Find(PipelinePlan plan, string? name)
    {
        var found = name is null
            ? plan.Blocks.FirstOrDefault(b => b.Type.Name == "normalize") ?? plan.Blocks.FirstOrDefault(b => b.Type.Shape == BlockShape.Source && b.Type.Output == typeof(MarketEvent))
            : plan.Blocks.FirstOrDefault(b => b.Name == name);
        if (found is null)
        {
            Console.Error.WriteLine(name is null
                ? $"{plan.File} has neither a normalizer nor a source of market events. Name the block to record with --block."
                : $"{plan.File} has no block '{name}'. Its blocks are: {string.Join(", ", plan.Blocks.Select(b => b.Name))}.");
        }

        return found;
    }

    /// <summary>Runs the part of a pipeline that the block needs, into the store.</summary>
    internal static async Task<(GraphReport Report, StoreSinkReport Sink)> RecordAsync(
        PipelinePlan part, BlockFactory factory, BlockPlan recorded, IEventStore store, CancellationToken token)
    {
        var format = factory.Format(recorded.Type.Output)
            ?? throw new StoreException($"Events of type {recorded.Type.Output.Name} have no outside form, so they cannot be recorded. Name another block with --block.");
        var sink = (Block)typeof(RecordCommand).GetMethod(nameof(Sink), BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(recorded.Type.Output).Invoke(null, [store, format])!;
        using var graph = PipelineBuilder.Begin(part, factory).Add(SinkName, _ => sink, [("from", [recorded.Name])], new BlockSettings { Io = true }).Build();
        var run = graph.RunAsync(token);
        while (!Console.IsErrorRedirected && await Task.WhenAny(run, Task.Delay(500, CancellationToken.None)).ConfigureAwait(false) != run)
        {
            var now = graph.Snapshot();
            var progress = now.Progress is { } p ? string.Create(CultureInfo.InvariantCulture, $" {p:P0},") : "";
            Console.Error.Write(string.Create(CultureInfo.InvariantCulture, $"\r{part.Name}:{progress} {now.Events:N0} events").PadRight(Math.Max(1, Console.WindowWidth - 1)));
        }

        var report = await run.ConfigureAwait(false);
        return (report, (StoreSinkReport)sink.Report()!);
    }

    private static StoreSink<T> Sink<T>(IEventStore store, EventFormat<T> format) where T : struct, IEvent<T> =>
        new(new StoreSinkOptions(), () => store, format, TimeProvider.System);
}
