using System.CommandLine;
using System.Reflection;
using System.Security.Cryptography;
using QuantumTrader.App.Exports;
using QuantumTrader.App.Runs;
using QuantumTrader.Dataflow;
using QuantumTrader.Features;
using QuantumTrader.Pipelines;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt export</c>: the vectors of a feature block as a file for other programs.</summary>
internal static class ExportCommand
{
    public static Command Create()
    {
        var pipeline = new PipelineArguments();
        var block = new Option<string>("--block") { Description = "The feature block whose vectors are written.", Required = true };
        var to = new Option<string>("--to") { Description = "The file: .csv, or .npz for numpy (arrays values, warm, time, symbol, sequence, names, symbols). Its manifest goes beside it, with .json behind.", Required = true };
        var command = new Command("export", "Writes the vectors of a feature block. Example: qt export pipelines/demo.yml --block features --to features.npz") { block, to };
        pipeline.AddTo(command);
        command.SetAction(async (arguments, token) =>
        {
            var file = arguments.GetValue(to)!;
            if (Path.GetExtension(file) is not (".csv" or ".npz"))
            {
                Console.Error.WriteLine($"'{file}' ends neither in .csv nor in .npz, which are what can be written.");
                return ExitCodes.Usage;
            }

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
                return await WriteAsync(plan, name, file, token).ConfigureAwait(false);
            }
            catch (FindingException refused)
            {
                return ExitCodes.Refuse(refused);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                Console.Error.WriteLine($"'{file}' could not be written: {error.Message} Free some room or name another file.");
                return ExitCodes.Outside;
            }
        });
        return command;
    }

    private static async Task<int> WriteAsync(PipelinePlan plan, string block, string file, CancellationToken token)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(file)) is { } folder)
        {
            Directory.CreateDirectory(folder);
        }

        var partial = file + ".partial";
        try
        {
            Recorder recorder;
            using (IVectorWriter writer = Path.GetExtension(file) == ".csv" ? new CsvVectorWriter(partial) : new NpzVectorWriter(partial))
            {
                recorder = new Recorder(writer);
                var report = await PartialRun.RunAsync(plan, new Dictionary<string, Observer<FeatureVector>> { [block] = recorder }, null, token).ConfigureAwait(false);
                if (PartialRun.Problem(report) is { } problem || recorder.Schema is null)
                {
                    Console.Error.WriteLine(PartialRun.Problem(report) ?? $"'{block}' sent no vector, so there is nothing to write. Give the pipeline more data.");
                    return ExitCodes.Failed;
                }

                writer.Complete(recorder.Schema, SymbolNames(plan));
            }

            // Whole or not at all: a reader never meets half a file under the name it was promised.
            File.Move(partial, file, true);
            await File.WriteAllTextAsync(file + ".json", Json.Serialize(new ExportManifest(plan.Name, block, recorder.Rows, recorder.Schema!.Names, recorder.Schema.Hash, recorder.Hash, CodeVersion)) + "\n", CancellationToken.None).ConfigureAwait(false);
            Console.WriteLine(FormattableString.Invariant($"Wrote {recorder.Rows:N0} vectors of {recorder.Schema!.Names.Count} features to {file}, and {file}.json."));
            return ExitCodes.Good;
        }
        finally
        {
            File.Delete(partial);
        }
    }

    private static string CodeVersion { get; } = typeof(ExportCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";

    private static IReadOnlyList<string> SymbolNames(PipelinePlan plan)
    {
        using var factory = new BlockFactory(plan, TimeProvider.System);
        return factory.Section<Market.MarketContext>() is { } market ? [.. Enumerable.Range(1, market.Symbols.Count).Select(market.Symbols.Name)] : [];
    }

    private sealed class Recorder(IVectorWriter writer) : Observer<FeatureVector>
    {
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public FeatureSchema? Schema { get; private set; }

        public long Rows { get; private set; }

        public string Hash => Convert.ToHexStringLower(_hash.GetCurrentHash());

        public override void Observe(Run<FeatureVector> run)
        {
            foreach (ref readonly var vector in run)
            {
                Schema ??= vector.Schema;
                writer.Write(in vector);
                FeatureVector.AppendTo(new ReadOnlySpan<FeatureVector>(in vector), _hash);
                Rows++;
            }
        }

        public override void Dispose()
        {
            // The hash is read after the graph has ended, so it stays; it holds no file.
            base.Dispose();
        }
    }
}

/// <summary>What lies beside an exported file.</summary>
/// <param name="Pipeline">Name of the pipeline.</param>
/// <param name="Block">Name of the block.</param>
/// <param name="Rows">Vectors.</param>
/// <param name="Names">Features in the order of the columns.</param>
/// <param name="FeatureHash">Hash of the names, which models know.</param>
/// <param name="DataHash">SHA-256 over all vectors, as <c>qt run --hashes</c> prints it for the block.</param>
/// <param name="CodeVersion">Version of the program.</param>
internal sealed record ExportManifest(string Pipeline, string Block, long Rows, IReadOnlyList<string> Names, string FeatureHash, string DataHash, string CodeVersion);
