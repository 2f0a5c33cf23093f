using System.CommandLine;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt validate</c>: all findings of a pipeline in one run.</summary>
internal static class ValidateCommand
{
    public static Command Create()
    {
        var pipeline = new PipelineArguments();
        var json = new Option<bool>("--json") { Description = "Print the findings as JSON." };
        var model = new Option<bool>("--model") { Description = "Also load the models and let them answer their golden rows." };
        var command = new Command("validate", "Checks a pipeline and prints everything that is wrong with it. Example: qt validate pipelines/demo.yml --model") { json, model };
        pipeline.AddTo(command);
        command.SetAction(arguments =>
        {
            var result = pipeline.Read(arguments);
            var findings = result.Plan is null ? result.Findings : [.. result.Findings, .. ConstructionCheck.Check(result.Plan, TimeProvider.System, arguments.GetValue(model))];
            if (arguments.GetValue(json))
            {
                Console.WriteLine(Json.Serialize(findings));
            }
            else
            {
                foreach (var finding in findings)
                {
                    Console.WriteLine(finding);
                }

                Console.WriteLine(findings.Count == 0 ? "No findings: the pipeline is good." : $"{findings.Count} finding{(findings.Count == 1 ? "" : "s")}.");
            }

            return result.Plan is null || findings.Count > result.Findings.Count ? ExitCodes.Configuration : ExitCodes.Good;
        });
        return command;
    }
}
