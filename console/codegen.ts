// Writes the types of the console's operations, and the operations themselves by the SHA-256 of their text.
import type { CodegenConfig } from '@graphql-codegen/cli'
import { addTypenameSelectionDocumentTransform } from '@graphql-codegen/client-preset'

const config: CodegenConfig = {
  schema: '../schema.graphqls',
  documents: ['source/**/*.graphql'],
  ignoreNoDocuments: true,
  generates: {
    './source/gql/': {
      preset: 'client',
      documentTransforms: [addTypenameSelectionDocumentTransform],
      presetConfig: {
        fragmentMasking: false,
        persistedDocuments: { hashAlgorithm: 'sha256', mode: 'embedHashInDocument' },
      },
      config: {
        documentMode: 'string',
        enumsAsTypes: true,
        scalars: { USD: 'string', DateTime: 'string', Date: 'string', Count: 'number', JSON: 'unknown' },
        useTypeImports: true,
        strictScalars: true,
      },
    },
  },
}

export default config
