using System.CommandLine;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Models.Training;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt train</c>: fits a model to the vectors that a pipeline's feature block makes.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var pipeline = new PipelineArguments();
        var block = new Option<string>("--block") { Description = "The feature block whose vectors are learned from.", Required = true };
        var model = new Option<string>("--out") { Description = "The model file to write; its manifest goes beside it.", Required = true };
        var horizon = new Option<int>("--horizon") { Description = "Candles ahead whose price is to be foretold.", DefaultValueFactory = _ => 5 };
        var folds = new Option<int>("--folds") { Description = "Parts of the walk-forward test.", DefaultValueFactory = _ => 5 };
        var candle = new Option<int>("--candle-seconds") { Description = "Length of the candles that the vectors stand for.", DefaultValueFactory = _ => 60 };
        var version = new Option<string?>("--code-version") { Description = "Written into the manifest instead of the program's own version." };
        var command = new Command("train", "Fits a model to a pipeline's features and writes it as ONNX. Example: qt train pipelines/demo.yml --block features --out model.onnx")
        {
            block, model, horizon, folds, candle, version,
        };
        pipeline.AddTo(command);
        command.SetAction(async (arguments, token) =>
        {
            if (pipeline.Load(arguments) is not { } plan)
            {
                return ExitCodes.Configuration;
            }

            var name = arguments.GetValue(block)!;
            if (plan.Blocks.FirstOrDefault(b => b.Name == name) is not { } features || features.Type.Output != typeof(FeatureVector))
            {
                Console.Error.WriteLine($"'{name}' is no block of {plan.File} that makes feature vectors. Name one that does with --block.");
                return ExitCodes.Usage;
            }

            try
            {
                var vectors = await RecordAsync(plan, name, token).ConfigureAwait(false);
                var file = arguments.GetValue(model)!;
                var trained = TrainingRun.Fit(vectors, new TrainingOptions
                {
                    Name = Path.GetFileNameWithoutExtension(file),
                    HorizonCandles = arguments.GetValue(horizon),
                    Folds = arguments.GetValue(folds),
                    CandleSeconds = arguments.GetValue(candle),
                    CodeVersion = arguments.GetValue(version),
                });
                Console.WriteLine(trained.Report);
                trained.Save(file);
                Console.WriteLine($"Wrote {file} and its manifest.");
                return ExitCodes.Good;
            }
            catch (FindingException refused)
            {
                Console.Error.WriteLine(refused.Finding);
                return refused.Outside ? ExitCodes.Outside : ExitCodes.Configuration;
            }
            catch (Exception error) when (error is TrainingException or IOException or UnauthorizedAccessException)
            {
                Console.Error.WriteLine(error.Message);
                return error is TrainingException ? ExitCodes.Failed : ExitCodes.Outside;
            }
        });
        return command;
    }

    /// <summary>Runs the part of the pipeline that the block needs, and keeps its vectors.</summary>
    internal static async Task<IReadOnlyList<FeatureVector>> RecordAsync(PipelinePlan plan, string block, CancellationToken token)
    {
        using var factory = new BlockFactory(plan, TimeProvider.System);
        var builder = new GraphBuilder(plan.Engine);
        var needed = new HashSet<string>(StringComparer.Ordinal) { block };
        foreach (var part in PipelineBuilder.Parts(plan, factory).Reverse())
        {
            if (needed.Contains(part.Name))
            {
                needed.UnionWith(part.Inputs.SelectMany(i => i.From));
                builder.Add(part.Name, part.Make, part.Inputs, part.Settings);
            }
        }

        var recorder = new Recorder();
        using var graph = builder.Add("recorder", recorder, [block]).Build();
        var report = await graph.RunAsync(token).ConfigureAwait(false);
        return report.Completed && report.Balanced
            ? recorder.Vectors
            : throw new TrainingException($"The pipeline did not run to its end: {report.Fault ?? string.Join("; ", report.Imbalances)}");
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
