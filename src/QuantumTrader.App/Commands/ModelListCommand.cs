using System.CommandLine;
using System.Globalization;
using System.Text.Json.Serialization;
using QuantumTrader.Models;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt models list</c>: the models of a folder or pipeline, a line each.</summary>
internal static class ModelListCommand
{
    public static Command Create()
    {
        var models = new FoundModels();
        var json = new Option<bool>("--json") { Description = "Print as JSON." };
        var command = new Command("list", "Lists models, those that are refused too. Example: qt models list pipelines/demo.yml") { json };
        models.AddTo(command);
        command.SetAction(arguments => models.Use(arguments, found =>
        {
            List<Row> rows = [.. found.Select(Row.Of)];
            if (arguments.GetValue(json))
            {
                Console.WriteLine(Json.Serialize(rows));
            }
            else
            {
                rows.ForEach(r => Console.WriteLine(r.ToText()));
            }

            return ExitCodes.Good;
        }));
        return command;
    }

    /// <summary>What is said of each; all but path, block and fault only of a model that is not refused.</summary>
    private sealed record Row(
        string Path, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Block, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Refused,
        string? Name, string? Sha256, int? Features, string? FeatureHash, IReadOnlyList<ModelInput>? Inputs, IReadOnlyList<ModelOutput>? Outputs,
        bool? Learned, int? TrainedRows, string? TrainedFrom, string? TrainedTo, string? DataSha256)
    {
        public static Row Of(FoundModel found)
        {
            var (file, refused) = found.Read();
            var (m, training) = (file?.Manifest, file?.Manifest.Training);
            return new Row(
                found.Path, found.Block, refused?.Message, m?.Name, m?.ModelSha256, m?.Features.Count, m?.FeatureHash, m?.Inputs, m?.Outputs, training?.Learned, training?.Rows,
                training is null ? null : IsoTime.ToText(training.FirstTime), training is null ? null : IsoTime.ToText(training.LastTime), training?.DataSha256);
        }

        public string ToText()
        {
            var where = $"{Path}{(Block is null ? "" : $" (block '{Block}')")}";
            if (Refused is not null)
            {
                return $"REFUSED {where}: {Refused}";
            }

            var window = Inputs!.Max(i => i.Window);
            return string.Create(CultureInfo.InvariantCulture,
                $"{Name,-20} {Features} features{(window > 1 ? $" of {window} vectors" : "")} -> {string.Join(", ", Outputs!.Select(o => o.Name))}; {LearnedText(Learned)}{(TrainedRows is null ? "" : $", {TrainedRows:N0} rows from {TrainedFrom} to {TrainedTo}")}; sha256 {Sha256![..12]}; {where}");
        }
    }

    /// <summary>What a manifest says of its skill, in words.</summary>
    public static string LearnedText(bool? learned) => learned switch { true => "learned", false => "NOTHING LEARNED", null => "does not say whether it learned" };
}
