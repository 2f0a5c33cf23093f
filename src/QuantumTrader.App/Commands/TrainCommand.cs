using System.CommandLine;
using QuantumTrader.App.Exports;
using QuantumTrader.App.Runs;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Market;
using QuantumTrader.Models.Training;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt train</c>: fits a model to the vectors that a pipeline's feature block makes, or to those of an exported file.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var pipeline = new PipelineArguments(isOptional: true);
        var block = new Option<string?>("--block") { Description = "The feature block of the pipeline whose vectors are learned from." };
        var from = new Option<string?>("--from") { Description = "A file that qt export wrote, instead of a pipeline." };
        var prices = new Option<string?>("--prices") { Description = "The block, or with --from the file, whose price_current labels are made from; by default the vectors' own." };
        var model = new Option<string>("--out") { Description = "The model file to write; its manifest (.json) and its report (.html) go beside it.", Required = true };
        var options = new TrainArguments();
        var command = new Command("train", "Fits a model to a pipeline's features and writes it as ONNX. Example: qt train pipelines/demo.yml --block features --out model.onnx")
        {
            block, from, prices, model,
        };
        options.AddTo(command);
        pipeline.AddTo(command);
        command.SetAction(async (arguments, token) =>
        {
            if (options.Problem(arguments) is { } problem)
            {
                Console.Error.WriteLine(problem);
                return ExitCodes.Usage;
            }

            var (source, file) = (arguments.GetValue(from), arguments.GetValue(model)!);
            if (source is null == arguments.GetValue(block) is null || source is null != pipeline.IsGiven(arguments))
            {
                Console.Error.WriteLine("Give either a pipeline and --block, or --from with a file.");
                return ExitCodes.Usage;
            }

            try
            {
                if (source is not null)
                {
                    var priced = arguments.GetValue(prices) is { } other ? VectorReader.Read(other) : null;
                    return Train(new Recording(VectorReader.Read(source), priced, 0), file, options.Read(arguments, file), token);
                }

                if (pipeline.Load(arguments) is not { } plan)
                {
                    return ExitCodes.Configuration;
                }

                var blocks = new[] { arguments.GetValue(block)!, arguments.GetValue(prices) }.OfType<string>().Distinct().ToArray();
                return blocks.All(name => PartialRun.TryFind(plan, name))
                    ? Train(await RecordAsync(plan, blocks, token).ConfigureAwait(false), file, options.Read(arguments, file), token)
                    : ExitCodes.Usage;
            }
            catch (Exception error) when (ExitCodes.Of(error) is { } code)
            {
                Console.Error.WriteLine(error.Message);
                return code;
            }
        });
        return command;
    }

    internal sealed record Recording(IReadOnlyList<FeatureVector> Vectors, IReadOnlyList<FeatureVector>? Priced, double TickSize);

    private static int Train(Recording recording, string file, TrainingOptions options, CancellationToken token)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder)
        {
            Directory.CreateDirectory(folder);
        }

        var state = file + ".training";
        using var bar = new ProgressBar("train");
        var run = new TrainingRun(recording.Vectors, options.TickSize > 0 ? options : options with { TickSize = recording.TickSize }, recording.Priced)
        {
            StatePath = state,
            Progress = p => bar.Show(p.Share, p.Step),
            Continued = folds => Console.Error.WriteLine($"Going on behind {folds} finished folds of {state}."),
        };
        var trained = run.Fit(token);
        bar.Dispose();
        Console.WriteLine(trained.Report);
        trained.Save(file);
        File.Delete(state);
        Console.WriteLine($"Wrote {file}, its manifest {Models.Manifest.PathOf(file)} and its report {TrainedModel.ReportPathOf(file)}.");
        return ExitCodes.Good;
    }

    /// <summary>Runs the part of the pipeline that the blocks need, and keeps their vectors.</summary>
    internal static async Task<Recording> RecordAsync(PipelinePlan plan, string[] blocks, CancellationToken token)
    {
        var recorders = blocks.ToDictionary(b => b, _ => new Recorder(), StringComparer.Ordinal);
        var report = await PartialRun.RunAsync(plan, recorders.ToDictionary(r => r.Key, r => (Observer<FeatureVector>)r.Value, StringComparer.Ordinal), null, token).ConfigureAwait(false);
        if (PartialRun.Problem(report) is { } problem)
        {
            throw new TrainingException(problem);
        }

        using var factory = new BlockFactory(PartialPlan.Of(plan, blocks), TimeProvider.System);
        var ticks = factory.Section<MarketContext>()?.Instruments.Select(i => (double)i.Tick).Distinct().ToArray() ?? [];
        return new Recording(recorders[blocks[0]].Vectors, blocks.Length > 1 ? recorders[blocks[1]].Vectors : null, ticks.Length == 1 ? ticks[0] : 0);
    }

    private sealed class Recorder : Observer<FeatureVector>
    {
        // Far more than a year of one-minute candles; beyond it the rest would only be counted.
        private const int Most = 5_000_000;

        public List<FeatureVector> Vectors { get; } = [];

        public override void Observe(Run<FeatureVector> run)
        {
            foreach (ref readonly var vector in run)
            {
                if (Vectors.Count < Most)
                {
                    Vectors.Add(FeatureVector.Keep(in vector));
                }
                else
                {
                    run.Drop("too_many_vectors");
                }
            }
        }
    }
}
