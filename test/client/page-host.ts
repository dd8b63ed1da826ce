// Runs the page's script with what it uses of a browser: location, one element, and Node's own fetch and WebSocket.
// Prints each text of the element as a JSON string.   node test/client/page-host.ts URL
const element = {
  set textContent(text: string) {
    console.log(JSON.stringify(text));
  },
};
Object.assign(globalThis, {
  location: new URL(process.argv[2] as string),
  document: { getElementById: () => element },
});
const script = '../../examples/client/watch-in-a-page.js';
await import(script);
