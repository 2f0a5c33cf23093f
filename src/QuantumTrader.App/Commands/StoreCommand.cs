using System.CommandLine;
using System.Globalization;
using QuantumTrader.Pipelines;
using QuantumTrader.Storage;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt store</c>: what a store holds, and the care of a journal.</summary>
internal static class StoreCommand
{
    public static Command Create() => new("store", "Shows what a store holds, checks, compresses, copies it. Example: qt store status --store .qt/journal")
    {
        Status(), Verify(), Compact(), Backup(), Restore(),
    };

    private static Command Status()
    {
        var json = new Option<bool>("--json") { Description = "Print the status as JSON." };
        var command = new Command("status", "What a store holds, by channel and symbol. Example: qt store status --store .qt/journal") { json };
        var store = new StoreArguments();
        store.AddTo(command);
        command.SetAction(arguments => store.Use(arguments, open =>
        {
            var status = open.Store.Status();
            if (arguments.GetValue(json))
            {
                Console.WriteLine(Json.Serialize(new { status.Kind, status.Place, status.Bytes, status.Streams, open.Store.Findings }));
                return ExitCodes.Good;
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{status.Kind} {status.Place}: {status.Streams.Sum(s => s.Count):N0} events, {status.Bytes:N0} bytes"));
            foreach (var s in status.Streams)
            {
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{s.Channel,-12} {(s.Symbol.Length > 0 ? s.Symbol : "-"),-16} {s.Count,14:N0}  {IsoTime.ToText(s.First)} to {IsoTime.ToText(s.Last)}"));
            }

            foreach (var finding in open.Store.Findings)
            {
                Console.WriteLine(finding);
            }

            return ExitCodes.Good;
        }));
        return command;
    }

    private static Command Verify()
    {
        var folder = Folder();
        var json = new Option<bool>("--json") { Description = "Print the result as JSON." };
        var command = new Command("verify", "Reads every byte of a journal and checks it; a run may write it meanwhile. Ends with 1 when something is damaged. Example: qt store verify --store .qt/journal") { folder, json };
        command.SetAction(arguments => Try(() =>
        {
            var result = JournalFolder.Verify(arguments.GetValue(folder)!, Progress("verify"));
            Print(result, arguments.GetValue(json));
            return result.Findings.Count == 0 ? ExitCodes.Good : ExitCodes.Failed;
        }));
        return command;
    }

    private static Command Compact()
    {
        var folder = Folder();
        var days = new Option<double>("--retention-days") { Description = "Also remove what is older than this many days behind the newest event; 0 keeps all." };
        var bytes = new Option<long>("--max-bytes") { Description = "Also remove the oldest segments beyond this size; 0 for no limit." };
        var command = new Command("compact", "Compresses a journal and joins small segments; no run may write it. Ends with 1 when some could not be compressed; they stay as they are. Example: qt store compact --store .qt/journal") { folder, days, bytes };
        command.SetAction(arguments => Try(() =>
        {
            var path = arguments.GetValue(folder)!;
            var left = JournalFolder.Compact(path, new JournalOptions { RetentionDays = arguments.GetValue(days), MaxBytes = arguments.GetValue(bytes) }, TimeProvider.System, Progress("compact"));
            Print(JournalFolder.Verify(path), json: false);
            foreach (var problem in left)
            {
                Console.Error.WriteLine(problem);
            }

            return left.Count == 0 ? ExitCodes.Good : ExitCodes.Failed;
        }));
        return command;
    }

    private static Command Backup()
    {
        var folder = Folder();
        var target = new Argument<string>("target") { Description = "An empty or new folder." };
        var command = new Command("backup", "Copies a journal, also while a run writes it: all up to one moment, and no half of anything. Example: qt store backup /backups/monday --store .qt/journal") { target, folder };
        command.SetAction(arguments => Try(() =>
        {
            var segments = JournalFolder.Backup(arguments.GetValue(folder)!, arguments.GetValue(target)!, Progress("backup"));
            Console.WriteLine($"Copied {segments} segments to {arguments.GetValue(target)}.");
            return ExitCodes.Good;
        }));
        return command;
    }

    private static Command Restore()
    {
        var folder = Folder();
        var source = new Argument<string>("backup") { Description = "Folder of the backup." };
        var command = new Command("restore", "Puts a backup into a folder that holds no journal, and checks it. Example: qt store restore /backups/monday --store .qt/journal") { source, folder };
        command.SetAction(arguments => Try(() =>
        {
            Print(JournalFolder.Restore(arguments.GetValue(source)!, arguments.GetValue(folder)!, Progress("restore")), json: false);
            return ExitCodes.Good;
        }));
        return command;
    }

    private static Option<string> Folder() => new("--store") { Description = "Folder of the journal.", DefaultValueFactory = _ => ".qt/journal" };

    private static Action<double>? Progress(string what) => Console.IsErrorRedirected
        ? null
        : share => Console.Error.Write(string.Create(CultureInfo.InvariantCulture, $"\r{what} {share:P0}{(share >= 1 ? Environment.NewLine : "")}"));

    private static void Print(JournalVerification result, bool json)
    {
        if (json)
        {
            Console.WriteLine(Json.Serialize(result));
            return;
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{result.Events:N0} events in {result.Segments} segments ({result.Sealed} compressed), {result.Bytes:N0} bytes on disk for {result.RawBytes:N0}. {(result.Findings.Count == 0 ? "All of it is whole." : "")}").TrimEnd());
        foreach (var finding in result.Findings)
        {
            Console.WriteLine(finding);
        }
    }

    private static int Try(Func<int> command)
    {
        try
        {
            return command();
        }
        catch (StoreException error)
        {
            Console.Error.WriteLine(error.Message);
            return ExitCodes.Outside;
        }
    }
}
