// Lint rules: the recommended ones of TypeScript and of React's hooks.
import hooks from 'eslint-plugin-react-hooks';
import typescript from 'typescript-eslint';

export default typescript.config(
  { ignores: ['dist/', 'node_modules/', 'tools/'] },
  ...typescript.configs.recommended,
  hooks.configs.flat.recommended,
);
