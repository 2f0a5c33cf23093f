using System.CommandLine;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt validate</c>: all findings of a pipeline in one run.</summary>
internal static class ValidateCommand
{
    public static Command Create()
    {
        var pipeline = new PipelineArguments();
        var json = new Option<bool>("--json") { Description = "Print the findings as JSON." };
        var command = new Command("validate", "Checks a pipeline and prints everything that is wrong with it. Example: qt validate pipelines/demo.yml") { json };
        pipeline.AddTo(command);
        command.SetAction(arguments =>
        {
            var result = pipeline.Read(arguments);
            var findings = result.Plan is null ? result.Findings : [.. result.Findings, .. Construct(result.Plan)];
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

    // Each block is made alone, so that one that refuses its options does not hide the next.
    private static List<Finding> Construct(PipelinePlan plan)
    {
        BlockFactory factory;
        try
        {
            factory = new BlockFactory(plan, TimeProvider.System);
        }
        catch (FindingException refused)
        {
            return [refused.Finding];
        }

        using (factory)
        {
            var findings = new List<Finding>();
            foreach (var block in plan.Blocks)
            {
                try
                {
                    factory.Make(block).Dispose();
                }
                catch (FindingException refused)
                {
                    findings.Add(refused.Finding);
                }
            }

            return findings;
        }
    }
}
