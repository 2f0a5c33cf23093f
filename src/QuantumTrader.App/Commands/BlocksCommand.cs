using System.CommandLine;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt blocks</c>: the reference of everything that a pipeline can be made of.</summary>
internal static class BlocksCommand
{
    public static Command Create()
    {
        var name = new Argument<string?>("type") { Description = "A block type, to see its options.", DefaultValueFactory = _ => null };
        var schema = new Option<bool>("--schema") { Description = "Print the JSON Schema of pipeline files, for editors." };
        var markdown = new Option<bool>("--markdown") { Description = "Print the whole reference, as in docs/blocks.md." };
        var command = new Command("blocks", "Lists the block types, or describes one. Example: qt blocks normalize") { name, schema, markdown };
        command.SetAction(arguments =>
        {
            var registry = PipelineArguments.Registry;
            var reference = new BlockReference(registry);
            if (arguments.GetValue(schema))
            {
                Console.WriteLine(JsonSchema.Generate(registry));
            }
            else if (arguments.GetValue(markdown))
            {
                Console.WriteLine(reference.Markdown());
            }
            else if (arguments.GetValue(name) is not { } type)
            {
                Console.WriteLine(reference.List());
            }
            else if (registry.Blocks.ContainsKey(type))
            {
                Console.WriteLine(reference.Describe(type));
            }
            else
            {
                var nearest = NearestName.Of(type, registry.Blocks.Keys);
                Console.Error.WriteLine($"There is no block type '{type}'.{(nearest is null ? " 'qt blocks' lists them." : $" Did you mean '{nearest}'?")}");
                return ExitCodes.Usage;
            }

            return ExitCodes.Good;
        });
        return command;
    }
}
