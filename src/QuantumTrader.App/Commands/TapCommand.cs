using System.CommandLine;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using QuantumTrader.App.Hosting;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt tap</c>: samples of what a block of a running pipeline sends.</summary>
internal static class TapCommand
{
    private const int Piece = 100;
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static Command Create()
    {
        var block = new Argument<string>("block") { Description = "Name of the block." };
        var count = new Option<int>("--n") { Description = "How many events; 0 for ever.", DefaultValueFactory = _ => 20 };
        var every = new Option<int>("--every") { Description = "Shows one of so many events.", DefaultValueFactory = _ => 1 };
        var json = new Option<bool>("--json") { Description = "Print each event as a line of JSON." };
        var host = new Option<string>("--host") { Description = "Address of a running pipeline. The token, where one is asked for, is in QT_TOKEN.", DefaultValueFactory = _ => HostClient.Default };
        var command = new Command("tap", "Shows events that a block of a running pipeline sends, sampled, without slowing it; goes on when the pipeline is started anew. Example: qt tap normalize --n 5") { block, count, every, json, host };
        foreach (var (option, least) in new[] { (count, 0), (every, 1) })
        {
            option.Validators.Add(result => { if (result.GetValueOrDefault<int>() < least) { result.AddError($"{option.Name} takes {least} or more."); } });
        }

        command.SetAction((arguments, stop) => RunAsync(arguments.GetValue(host)!, arguments.GetValue(block)!, arguments.GetValue(count), arguments.GetValue(every), arguments.GetValue(json), stop));
        return command;
    }

    private static async Task<int> RunAsync(string host, string block, int count, int every, bool json, CancellationToken stop)
    {
        var (shown, wasThere, pause) = (0, false, ShortestPause);
        while (count == 0 || shown < count)
        {
            var wanted = count == 0 ? Piece : Math.Min(Piece, count - shown);
            var (code, answer, words) = HostClient.Get(host, string.Create(CultureInfo.InvariantCulture, $"api/blocks/{Uri.EscapeDataString(block)}/tap?n={wanted}&every={every}&wait=1"));
            if (answer is not null)
            {
                (wasThere, pause) = (true, ShortestPause);
                shown += Print(answer, json);
                if ((count == 0 || shown < count) && HostClient.Get(host, "api/pipeline").Answer?["state"]?.GetValue<string>() is "ended" or "failed")
                {
                    Console.Error.WriteLine("The run is over: no more events come.");
                    break;
                }

                continue;
            }

            if (!wasThere)
            {
                Console.Error.WriteLine(words);
                return code;
            }

            // It was there a moment ago: the pipeline is being started anew.
            if (pause == ShortestPause)
            {
                Console.Error.WriteLine($"{words} Waiting for it; Ctrl-C ends.");
            }

            await Task.Delay(pause, stop).ConfigureAwait(false);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }

        return ExitCodes.Good;
    }

    private static int Print(JsonNode answer, bool json)
    {
        var events = answer["events"]!.AsArray();
        foreach (var e in events)
        {
            Console.WriteLine(json ? e!.ToJsonString(Plain) : string.Join(' ', e!.AsObject().Select(f => $"{f.Key}={f.Value}")));
        }

        if (answer["unseen"]!.GetValue<long>() is > 0 and var unseen)
        {
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"({unseen:N0} more passed meanwhile; --every shows one of so many)"));
        }

        return events.Count;
    }
}
