using System.CommandLine;
using System.Globalization;
using System.Text;
using QuantumTrader.Models;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt models inspect</c>: everything that a model and its manifest say.</summary>
internal static class ModelInspectCommand
{
    public static Command Create()
    {
        var path = new Argument<string>("model") { Description = "The .onnx file; its manifest lies beside it." };
        var json = new Option<bool>("--json") { Description = "Print as JSON, with the whole manifest." };
        var command = new Command("inspect", "Describes a model: tensors, operators, size, training, folds, calibration. Example: qt models inspect pipelines/models/demo.onnx") { path, json };
        command.SetAction(arguments =>
        {
            var found = new FoundModel(arguments.GetValue(path)!, null);
            var (file, refused) = found.Read();
            if (file is null)
            {
                Console.Error.WriteLine(refused!.Message);
                return ModelsCommand.CodeOf(refused);
            }

            Console.Write(arguments.GetValue(json)
                ? Json.Serialize(new { Path = found.Path, Bytes = file.Bytes.LongLength, file.Contents.Parameters, file.Contents.Operators, file.Manifest }) + Environment.NewLine
                : ToText(file));
            return ExitCodes.Good;
        });
        return command;
    }

    private static string ToText(ModelFile file)
    {
        var (manifest, contents, text) = (file.Manifest, file.Contents, new StringBuilder());
        Line($"{manifest.Name}: {file.Path}");
        Line($"  sha256      {manifest.ModelSha256}");
        Line($"  size        {file.Bytes.Length:N0} bytes, {contents.Parameters:N0} parameters");
        Line($"  operators   {string.Join(", ", contents.Operators.Select(o => $"{o.Key} {o.Value}"))}");
        foreach (var input in manifest.Inputs)
        {
            Line($"  input       {input.Name}: {Tensor(input.Type, input.Shape)}{(input.Window > 1 ? $", the last {input.Window} vectors" : "")}{(input.Features is { } own ? $", of {string.Join(", ", own)}" : "")}");
        }

        foreach (var output in manifest.Outputs)
        {
            Line($"  output      {output.Name}: {Tensor(output.Type, output.Shape)}, {SnakeCase.From(output.Role.ToString())}{(output.Apply == ScoreTransform.None ? "" : $", {SnakeCase.From(output.Apply.ToString())}")}");
        }

        Line($"  classes     {string.Join(", ", manifest.Classes)}");
        Line($"  features    {manifest.Features.Count}, hash {manifest.FeatureHash}");
        Line($"              {string.Join(", ", manifest.Features)}");
        Line($"  golden      {manifest.Golden.Count} rows, within {manifest.GoldenTolerance:R}");
        Line($"  bins        {(manifest.Bins is null ? "none: its drift cannot be watched" : "of all features and the score")}");
        Trained(manifest);
        return text.ToString();

        void Trained(Manifest manifest)
        {
            Line($"  training    {ModelListCommand.LearnedText(manifest.Training?.Learned)}");
            if (manifest.Training is { } training)
            {
                Line($"              {training.Rows:N0} rows from {IsoTime.ToText(training.FirstTime)} to {IsoTime.ToText(training.LastTime)}, code {training.CodeVersion}");
                Line($"              data {training.DataSha256}");
                Line($"              {string.Join(", ", training.Options.Select(o => $"{o.Key} {o.Value}"))}");
                Line($"              gain over the base rate {training.Skill.Gain:0.0000} ({training.Skill.LowGain:0.0000} to {training.Skill.HighGain:0.0000}), p {training.Skill.PValue:0.0000}, {training.Skill.Rows:N0} rows tested");
            }

            if (manifest.Folds.Count > 0)
            {
                Line($"  {"fold",4} {"train",8} {"test",8} {"log-loss",9} {"base",7} {"AUC",6} {"Brier",7} {"accuracy",9} {"trades",7} {"net return",11}");
            }

            foreach (var f in manifest.Folds)
            {
                Line($"  {f.Fold,4} {f.TrainRows,8:N0} {f.TestRows,8:N0} {f.LogLoss,9:0.0000} {f.BaseLogLoss,7:0.0000} {Figure(f.Auc, "0.000"),6} {f.Brier,7:0.0000} {f.Accuracy,9:P1} {f.Trades,7:N0} {Figure(f.MeanNetReturn, "0.00000"),11}");
            }

            foreach (var c in manifest.Calibration)
            {
                Line($"  calibration of {c.Class}: {c.ExpectedError:0.0000} off on average");
                Line($"    {"given",-12} {"rows",8} {"mean",7} {"came",7}");
                foreach (var b in c.Bins)
                {
                    Line($"    {$"{b.From.ToString("0.0", CultureInfo.InvariantCulture)} to {b.To.ToString("0.0", CultureInfo.InvariantCulture)}",-12} {b.Rows,8:N0} {b.MeanProbability,7:0.000} {b.ObservedShare,7:0.000}");
                }
            }
        }

        void Line(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture).TrimEnd()).AppendLine();
    }

    private static string Figure(double? value, string format) => value?.ToString(format, CultureInfo.InvariantCulture) ?? "-";

    private static string Tensor(ElementType type, IReadOnlyList<long> shape) => $"{SnakeCase.From(type.ToString())} [{string.Join(", ", shape.Select(d => d < 0 ? "any" : d.ToString(CultureInfo.InvariantCulture)))}]";
}
