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
            if (!PartialRun.TryFind(plan, name))
            {
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
        var recorder = new Recorder();
        var report = await PartialRun.RunAsync(plan, new Dictionary<string, Observer<FeatureVector>> { [block] = recorder }, null, token).ConfigureAwait(false);
        return PartialRun.Problem(report) is { } problem ? throw new TrainingException(problem) : recorder.Vectors;
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
