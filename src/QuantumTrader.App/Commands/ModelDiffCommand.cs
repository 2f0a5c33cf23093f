using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using QuantumTrader.App.Exports;
using QuantumTrader.App.Runs;
using QuantumTrader.Features;
using QuantumTrader.Models;
using QuantumTrader.Models.Comparison;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt models diff</c>: how two models answer the same vectors, and what each costs.</summary>
internal static class ModelDiffCommand
{
    private const int TimedRounds = 9;
    private const int TimedAnswers = 500;

    public static Command Create()
    {
        var first = new Argument<string>("first") { Description = "The .onnx file that is compared with, such as the one in use." };
        var second = new Argument<string>("second") { Description = "The other .onnx file. Both may take different features, as long as the vectors hold them all." };
        var pipeline = new PipelineArguments(isOptional: true);
        var block = new Option<string?>("--block") { Description = "The feature block of the pipeline whose vectors both are asked about." };
        var from = new Option<string?>("--from") { Description = "A file that qt export wrote, instead of a pipeline." };
        var worst = new Option<int>("--worst") { Description = "How many of the vectors on which they differ most are named.", DefaultValueFactory = _ => 5 };
        var json = new Option<bool>("--json") { Description = "Print as JSON: 'comparison' is the same every time, 'timings' are not." };
        var command = new Command("diff", "Compares two models on recorded vectors. Example: qt models diff old.onnx new.onnx pipelines/demo.yml --block features") { first, second, block, from, worst, json };
        pipeline.AddTo(command);
        command.SetAction(async (arguments, token) =>
        {
            var (source, name) = (arguments.GetValue(from), arguments.GetValue(block));
            if (source is null == name is null || source is not null == pipeline.IsGiven(arguments))
            {
                Console.Error.WriteLine("Give either a pipeline and --block, or --from with a file.");
                return ExitCodes.Usage;
            }

            if (arguments.GetValue(worst) is < 0 or > 10_000)
            {
                Console.Error.WriteLine($"--worst was {arguments.GetValue(worst)}; it is 0 to 10000.");
                return ExitCodes.Usage;
            }

            try
            {
                using var one = OnnxModel.Load(arguments.GetValue(first)!);
                using var other = OnnxModel.Load(arguments.GetValue(second)!);
                IReadOnlyList<FeatureVector> vectors;
                if (source is not null)
                {
                    vectors = VectorReader.Read(source);
                }
                else if (pipeline.Load(arguments) is not { } plan)
                {
                    return ExitCodes.Configuration;
                }
                else if (!PartialRun.TryFind(plan, name!))
                {
                    return ExitCodes.Usage;
                }
                else
                {
                    vectors = (await TrainCommand.RecordAsync(plan, [name!], token).ConfigureAwait(false)).Vectors;
                }

                var comparison = ModelComparison.Of(ModelAnswers.Of(one, vectors), ModelAnswers.Of(other, vectors), vectors, arguments.GetValue(worst));
                ModelTiming[] timings = [Time(one), Time(other)];
                Console.Write(arguments.GetValue(json) ? Json.Serialize(new { comparison, timings }) + Environment.NewLine : ToText(comparison, timings));
                if (comparison.Both > 0)
                {
                    return ExitCodes.Good;
                }

                Console.Error.WriteLine("There is no vector that both models answered, so nothing was compared. Give more vectors, or such as are warm.");
                return ExitCodes.Failed;
            }
            catch (ConfigurationException refused)
            {
                Console.Error.WriteLine(refused.Message);
                return ModelsCommand.CodeOf(refused);
            }
            catch (Exception error) when (ExitCodes.Of(error) is { } code)
            {
                Console.Error.WriteLine(error.Message);
                return code;
            }
        });
        return command;
    }

    private static ModelTiming Time(OnnxModel model)
    {
        double[][] rows = [.. model.Manifest.Golden.Select(g => g.Features.ToArray())];
        var microseconds = new double[TimedRounds];
        model.WarmUp(TimedAnswers);
        for (var round = 0; round < TimedRounds; round++)
        {
            var start = Stopwatch.GetTimestamp();
            for (var i = 0; i < TimedAnswers; i++)
            {
                model.Predict(rows[i % rows.Length]);
            }

            microseconds[round] = Stopwatch.GetElapsedTime(start).TotalMicroseconds / TimedAnswers;
        }

        Array.Sort(microseconds);
        return new ModelTiming(model.Name, microseconds[TimedRounds / 2], microseconds[0], microseconds[^1]);
    }

    private static string ToText(ModelComparison c, ModelTiming[] timings)
    {
        var text = new StringBuilder();
        foreach (var (counts, which) in new[] { (c.First, "first"), (c.Second, "second") })
        {
            Line($"{which,-7} {counts.Model} ({counts.Sha256[..12]}), {counts.Features} features: {counts.Answered:N0} of {c.Vectors:N0} vectors answered{string.Concat(counts.Missing.Select(m => string.Create(CultureInfo.InvariantCulture, $", {m.Value:N0} {m.Key}")))}");
        }

        if (c.Both > 0)
        {
            Line($"Of {c.Both:N0} vectors that both answered, {c.SameSide:P1} have the same side.");
            Line($"The probabilities of up lie {c.MeanDifference:0.0000} apart on average, at most {c.LargestDifference:0.0000}; their correlation is {(c.Correlation is { } r ? r.ToString("0.000", CultureInfo.InvariantCulture) : "not defined")}.");
            Line($"The second's are spread otherwise than the first's by a population stability index of {c.ScoreIndex:0.000} ({PopulationStability.MovedFrom} is worth a look, {PopulationStability.ShiftedFrom} is another spread).");
            Line($"  {"first gives",-17} {"vectors",8} {"mean",7} {"second",7} {"same side",10}");
            foreach (var d in c.Ranges)
            {
                Line($"  {d.From,7:0.000} to {d.To,-6:0.000} {d.Vectors,8:N0} {d.MeanFirst,7:0.000} {d.MeanSecond,7:0.000} {d.SameSide,10:P1}");
            }

            foreach (var w in c.Worst)
            {
                Line($"  furthest apart: {w.Time}, symbol {w.Symbol}, sequence {w.Sequence}: {w.First:0.0000} and {w.Second:0.0000}");
            }
        }

        Line($"Not the same every time, one answer of one vector on this machine (median of {TimedRounds} rounds, least and most):");
        foreach (var t in timings)
        {
            Line($"  {t.Model,-20} {t.Microseconds:0.0} us ({t.Least:0.0} to {t.Most:0.0})");
        }

        return text.ToString();

        void Line(FormattableString line) => text.AppendLine(line.ToString(CultureInfo.InvariantCulture));
    }
}

/// <summary>What one answer costs.</summary>
/// <param name="Model">Name of the model.</param>
/// <param name="Microseconds">Median of the rounds.</param>
/// <param name="Least">Of the fastest round.</param>
/// <param name="Most">Of the slowest round.</param>
internal sealed record ModelTiming(string Model, double Microseconds, double Least, double Most);
