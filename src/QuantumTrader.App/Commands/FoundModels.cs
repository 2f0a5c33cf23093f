using System.CommandLine;
using QuantumTrader.Models;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Commands;

/// <summary>The models that a command is to look at: one file, all below a folder, or those of a pipeline's blocks.</summary>
internal sealed class FoundModels
{
    private readonly PipelineArguments _place = new(name: "place", description: "A model file, a folder that is searched with all below it, or a pipeline whose blocks name models.");

    public void AddTo(Command command) => _place.AddTo(command);

    /// <summary>Finds the models and hands them to the command; says on standard error what kept it from that.</summary>
    public int Use(ParseResult arguments, Func<IReadOnlyList<FoundModel>, int> command)
    {
        var place = _place.File(arguments)!;
        try
        {
            if (Find(arguments, place) is not { } found)
            {
                return ExitCodes.Configuration;
            }

            if (found.Count > 0)
            {
                return command(found);
            }

            Console.Error.WriteLine(Path.Exists(place)
                ? $"There is no model in '{place}'. Train one with qt train, or name another folder, an .onnx file, or a pipeline with a block such as model.onnx."
                : $"'{place}' does not exist. Name an .onnx file, a folder of them, or a pipeline.");
            return ExitCodes.Outside;
        }
        catch (FindingException refused)
        {
            return ExitCodes.Refuse(refused);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"'{place}' cannot be searched: {error.Message} Check its permissions, or name another place.");
            return ExitCodes.Outside;
        }
    }

    private IReadOnlyList<FoundModel>? Find(ParseResult arguments, string place) => Path.GetExtension(place) switch
    {
        ".onnx" => [new FoundModel(place, null)],
        ".yml" or ".yaml" => _place.Load(arguments) is { } plan ? OfPipeline(plan) : null,
        _ => Directory.Exists(place) ? [.. Directory.EnumerateFiles(place, "*.onnx", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(p => new FoundModel(p, null))] : [],
    };

    // Whatever option of whatever block names an .onnx file: blocks of others have models too.
    private static IReadOnlyList<FoundModel> OfPipeline(PipelinePlan plan)
    {
        using var factory = new BlockFactory(plan with { IsForCheck = true }, TimeProvider.System);
        return
        [
            .. from block in plan.Blocks
               where block.Options is not null
               from option in block.Options!.GetType().GetProperties()
               where option.PropertyType == typeof(string)
               let path = (string?)option.GetValue(block.Options)
               where path is not null && path.EndsWith(".onnx", StringComparison.Ordinal)
               select new FoundModel(Path.GetRelativePath(Directory.GetCurrentDirectory(), factory.Files.Resolve(path!)), block.Name),
        ];
    }
}

/// <summary>A model file that was found.</summary>
/// <param name="Path">The .onnx file.</param>
/// <param name="Block">Block of the pipeline that names it; null when no pipeline was asked.</param>
internal sealed record FoundModel(string Path, string? Block)
{
    /// <summary>Reads file and manifest, and checks them against each other.</summary>
    /// <returns>Both, or why they were refused.</returns>
    public (ModelFile? File, ConfigurationException? Refused) Read()
    {
        try
        {
            return (ModelFile.Read(Path), null);
        }
        catch (ConfigurationException refused)
        {
            return (null, refused);
        }
    }
}
