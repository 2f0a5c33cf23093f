using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text.Json;

namespace QuantumTrader.App.Commands;

/// <summary><c>qt tap</c>: samples of what a block of a running pipeline sends.</summary>
internal static class TapCommand
{
    private const int Piece = 100;
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    public static Command Create()
    {
        var host = new HostArguments();
        var block = new Argument<string>("block") { Description = "Name of the block." };
        var count = new Option<int>("--n") { Description = "How many events; 0 for ever.", DefaultValueFactory = _ => 20 };
        var every = new Option<int>("--every") { Description = "Shows one of so many events.", DefaultValueFactory = _ => 1 };
        var json = new Option<bool>("--json") { Description = "Print each event as a line of JSON." };
        var command = new Command("tap", "Shows events that a block of a running pipeline sends, sampled, without slowing it; goes on when the pipeline is started anew. Example: qt tap normalize --n 5") { block, count, every, json };
        host.AddTo(command);
        foreach (var (option, least) in new[] { (count, 0), (every, 1) })
        {
            option.Validators.Add(result => { if (result.GetValueOrDefault<int>() < least) { result.AddError($"{option.Name} takes {least} or more."); } });
        }

        command.SetAction((arguments, stop) => RunAsync(arguments, host, arguments.GetValue(block)!, arguments.GetValue(count), arguments.GetValue(every), arguments.GetValue(json), stop));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult arguments, HostArguments host, string block, int count, int every, bool json, CancellationToken stop)
    {
        using var client = host.Open(arguments);
        var (shown, wasThere, pause) = (0, false, ShortestPause);
        try
        {
            while (count == 0 || shown < count)
            {
                var wanted = count == 0 ? Piece : Math.Min(Piece, count - shown);
                var (status, body) = await AskAsync(client, string.Create(CultureInfo.InvariantCulture, $"api/blocks/{Uri.EscapeDataString(block)}/tap?n={wanted}&every={every}&wait=1"), stop).ConfigureAwait(false);
                if (status == HttpStatusCode.OK)
                {
                    (wasThere, pause) = (true, ShortestPause);
                    shown += Print(body, json);
                    if (shown < count && await HasEndedAsync(client, stop).ConfigureAwait(false))
                    {
                        Console.Error.WriteLine("The run is over: no more events come.");
                        return ExitCodes.Good;
                    }

                    continue;
                }

                var why = status is null ? body : Words(body);
                if (!wasThere)
                {
                    Console.Error.WriteLine(why);
                    return status is HttpStatusCode.BadRequest or HttpStatusCode.NotFound ? ExitCodes.Usage : ExitCodes.Outside;
                }

                // It was there a moment ago: the pipeline is being started anew, or its connection is.
                if (pause == ShortestPause)
                {
                    Console.Error.WriteLine($"{why} Waiting for it; Ctrl-C ends.");
                }

                await Task.Delay(pause, stop).ConfigureAwait(false);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Whoever watched has seen enough.
        }

        return ExitCodes.Good;
    }

    private static async Task<(HttpStatusCode? Status, string Body)> AskAsync(HttpClient client, string path, CancellationToken stop)
    {
        try
        {
            using var answer = await client.GetAsync(new Uri(path, UriKind.Relative), stop).ConfigureAwait(false);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync(stop).ConfigureAwait(false));
        }
        catch (Exception error) when (error is HttpRequestException or IOException || (error is OperationCanceledException && !stop.IsCancellationRequested))
        {
            return (null, $"No pipeline answers at {client.BaseAddress}: {error.Message.TrimEnd('.')}. Start one with qt run PIPELINE --listen, or name its address with --host.");
        }
    }

    private static async Task<bool> HasEndedAsync(HttpClient client, CancellationToken stop)
    {
        var (status, body) = await AskAsync(client, "api/pipeline", stop).ConfigureAwait(false);
        if (status != HttpStatusCode.OK)
        {
            return false;
        }

        using var pipeline = JsonDocument.Parse(body);
        return pipeline.RootElement.GetProperty("state").GetString() is "ended" or "failed";
    }

    private static int Print(string body, bool json)
    {
        using var document = JsonDocument.Parse(body);
        var events = document.RootElement.GetProperty("events");
        foreach (var e in events.EnumerateArray())
        {
            Console.WriteLine(json ? e.GetRawText() : string.Join(' ', e.EnumerateObject().Select(f => $"{f.Name}={f.Value}")));
        }

        if (document.RootElement.GetProperty("unseen").GetInt64() is > 0 and var unseen)
        {
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"({unseen:N0} more passed meanwhile; --every shows one of so many)"));
        }

        return events.GetArrayLength();
    }

    private static string Words(string problem)
    {
        try
        {
            using var document = JsonDocument.Parse(problem);
            return document.RootElement.TryGetProperty("detail", out var detail) ? detail.GetString() ?? problem : problem;
        }
        catch (JsonException)
        {
            return problem;
        }
    }
}
