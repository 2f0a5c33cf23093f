using System.CommandLine;
using QuantumTrader.Dataflow;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt graph</c>: draws a pipeline with its islands.</summary>
internal static class GraphCommand
{
    public static Command Create()
    {
        var pipeline = new PipelineArguments();
        var format = new Option<string>("--format") { Description = "text, mermaid or dot.", DefaultValueFactory = _ => "text" };
        format.AcceptOnlyFromAmong("text", "mermaid", "dot");
        var command = new Command("graph", "Draws a pipeline; the islands are what runs fused. Example: qt graph pipelines/demo.yml --format mermaid") { format };
        pipeline.AddTo(command);
        command.SetAction(arguments =>
        {
            if (pipeline.Load(arguments) is not { } plan)
            {
                return ExitCodes.Configuration;
            }

            using var factory = new BlockFactory(plan, TimeProvider.System);
            using var graph = PipelineBuilder.Build(plan, factory);
            var islands = graph.Islands;
            Console.WriteLine(arguments.GetValue(format) switch
            {
                "mermaid" => GraphDrawing.Mermaid(plan, islands),
                "dot" => GraphDrawing.Dot(plan, islands),
                _ => GraphDrawing.Text(plan, islands),
            });
            return ExitCodes.Good;
        });
        return command;
    }
}
