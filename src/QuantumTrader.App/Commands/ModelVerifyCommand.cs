using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization;
using QuantumTrader.Models;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt models verify</c>: whether models are what their manifests say and answer here what they answered where they were made.</summary>
internal static class ModelVerifyCommand
{
    public static Command Create()
    {
        var models = new FoundModels();
        var batch = new Option<int>("--batch") { Description = "Also try batches of up to this many rows: those that answer otherwise than one row alone are not used.", DefaultValueFactory = _ => 1 };
        var json = new Option<bool>("--json") { Description = "Print as JSON." };
        var command = new Command("verify", "Loads models: hashes, shapes, golden rows. Ends with 1 when one is refused, with 4 when a file or ONNX Runtime is missing. Example: qt models verify pipelines/models --batch 32") { batch, json };
        models.AddTo(command);
        command.SetAction(arguments =>
        {
            var rows = arguments.GetValue(batch);
            if (rows is < 1 or > OnnxModel.MostRows)
            {
                Console.Error.WriteLine($"--batch was {rows}; it is 1 to {OnnxModel.MostRows}.");
                return ExitCodes.Usage;
            }

            return models.Use(arguments, found =>
            {
                List<Verdict> verdicts = [.. found.Select(f => Verify(f, rows))];
                if (arguments.GetValue(json))
                {
                    Console.WriteLine(Json.Serialize(verdicts));
                }
                else
                {
                    verdicts.ForEach(v => Console.WriteLine(v.ToText()));
                    Console.WriteLine($"{verdicts.Count(v => v.Good)} good, {verdicts.Count(v => !v.Good)} refused.");
                }

                return verdicts.Select(v => v.Code).Order().FirstOrDefault(c => c != ExitCodes.Good);
            });
        });
        return command;
    }

    private static Verdict Verify(FoundModel found, int rows)
    {
        try
        {
            using var model = OnnxModel.Load(found.Path, rows);
            return new Verdict(found.Path, found.Block, null, model.Name, model.Manifest.Golden.Count, model.LargestGoldenDifference, model.Manifest.GoldenTolerance, [.. model.BatchSizes], ExitCodes.Good);
        }
        catch (ConfigurationException refused)
        {
            return new Verdict(found.Path, found.Block, refused.Message, null, null, null, null, null, ModelsCommand.CodeOf(refused));
        }
    }

    private sealed record Verdict(
        string Path, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Block, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Refused,
        string? Name, int? GoldenRows, double? LargestDifference, double? Tolerance, IReadOnlyList<int>? BatchSizes, [property: JsonIgnore] int Code)
    {
        public bool Good => Refused is null;

        public string ToText()
        {
            var where = $"{Path}{(Block is null ? "" : $" (block '{Block}')")}";
            return Good
                ? string.Create(CultureInfo.InvariantCulture, $"good    {where}: '{Name}' answers {GoldenRows} golden rows within {LargestDifference:0.0E+0} of its manifest (allowed {Tolerance:0.0E+0}), in batches of {string.Join(", ", BatchSizes!)}.")
                : $"REFUSED {where}: {Refused}";
        }
    }
}
