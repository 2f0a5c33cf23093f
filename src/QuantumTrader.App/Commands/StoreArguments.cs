using System.CommandLine;
using System.Reflection;
using QuantumTrader.Market;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage;

namespace QuantumTrader.App.Commands;

/// <summary>Which store a command asks: a journal's folder, or the store of a pipeline.</summary>
internal sealed class StoreArguments
{
    private readonly Option<string> _folder = new("--store") { Description = "Folder of a journal.", DefaultValueFactory = _ => ".qt/journal" };
    private readonly Option<string?> _pipeline = new("--pipeline") { Description = "A pipeline file whose section 'store' is asked instead." };

    public void AddTo(Command command)
    {
        command.Options.Add(_folder);
        command.Options.Add(_pipeline);
    }

    /// <summary>Opens the store to read it, runs the command on it, and says on standard error what kept it from that.</summary>
    public int Use(ParseResult arguments, Func<OpenStore, int> command)
    {
        try
        {
            if (arguments.GetValue(_pipeline) is not { } file)
            {
                var folder = arguments.GetValue(_folder)!;
                var market = MarketContext.Of(new TradingCalendar(), [.. JournalFolder.Symbols(folder).Select(s => new Instrument(s, 1e-8m, 1, 1e-8m))]);
                using var journal = JournalStore.OpenToRead(folder, market.Symbols);
                return command(new OpenStore(journal, type => Format(type, market)));
            }

            var loaded = new PipelineLoader(PipelineArguments.Registry).Load(file);
            if (loaded.Plan is not { } plan)
            {
                foreach (var finding in loaded.Findings)
                {
                    Console.Error.WriteLine(finding);
                }

                return ExitCodes.Configuration;
            }

            using var factory = new BlockFactory(plan, TimeProvider.System);
            if (factory.Section<StoreSection>() is not { } section)
            {
                Console.Error.WriteLine($"{file} has no section 'store'. Add it, or name a journal's folder with --store.");
                return ExitCodes.Configuration;
            }

            using var store = section.OpenToRead();
            return command(new OpenStore(store, factory.Format));
        }
        catch (FindingException refused)
        {
            return ExitCodes.Refuse(refused);
        }
        catch (StoreException error)
        {
            Console.Error.WriteLine(error.Message);
            return ExitCodes.Outside;
        }
    }

    // Without a pipeline there is only a market: formats that need more cannot be had.
    private static IEventFormat? Format(Type eventType, MarketContext market) =>
        PipelineArguments.Registry.FormatOf(eventType) is { } format
        && format.Constructor.GetParameters() is var parameters && parameters.All(p => p.ParameterType == typeof(MarketContext))
            ? (IEventFormat)format.Constructor.Invoke(BindingFlags.DoNotWrapExceptions, null, [.. parameters.Select(_ => market)], null)
            : null;
}

/// <summary>A store that was opened to read it, and the formats of what is in it.</summary>
internal sealed record OpenStore(IEventStore Store, Func<Type, IEventFormat?> Format);
